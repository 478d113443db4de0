"""nDCG of the same runs by pytrec_eval, for `cargo bench --bench evidence`. Not named like the module it asks.

Reads nothing: documents, scores and grades come from the stream that the bench uses (SplitMix64), so that both sides see the
same data. Prints the seconds that evaluating took and the mean nDCG.
"""

import sys
import time

import pytrec_eval

MASK = (1 << 64) - 1


def stream(seed):
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        bits = state
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & MASK
        yield bits ^ (bits >> 31)


def main(queries, documents):
    names = [f"d{at:04}" for at in range(documents)]
    seconds, total = 0.0, 0.0
    for first in range(0, queries, 500):
        run, qrels = {}, {}
        for query in range(first, min(first + 500, queries)):
            chance = stream(query)
            run[str(query)] = {name: (next(chance) >> 40) / 1024.0 for name in names}
            qrels[str(query)] = {name: (next(chance) >> 60) % 4 for name in names[: documents // 10]}
        evaluator = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10"})
        began = time.perf_counter()
        figures = evaluator.evaluate(run)
        seconds += time.perf_counter() - began
        total += sum(figure["ndcg_cut_10"] for figure in figures.values())
    print(f"{seconds} {total / queries}")


main(int(sys.argv[1]), int(sys.argv[2]))
