/**
 * The Phasegate language for tree-sitter.
 *
 * It accepts whatever the program's own grammar (`grammar/phasegate.pest`) accepts without a complaint about syntax.
 * Two decisions carry it:
 *
 * - Words are keywords only where the parser expects them, as in the language itself, so `let phase = timeout` is fine.
 * - A line that begins with a keyword of a statement and goes on like one begins a statement, whatever stands before it.
 *   `src/scanner.c` turns such a line break into a `_mark` (into an `_item_mark` where the line is not indented and begins
 *   a declaration). No expression crosses a mark: what is broken stays in its line, and what follows stays whole.
 */

/// <reference types="tree-sitter-cli/dsl" />
// @ts-check

const LEVEL = { or: 1, and: 2, not: 3, compare: 4, default: 5, range: 6, add: 7, multiply: 8, sign: 9, postfix: 10 }

const commas = (rule) => seq(rule, repeat(seq(',', rule)))
/** With commas between, one behind the last allowed; perhaps none at all. */
const list = (rule) => optional(seq(commas(rule), optional(',')))
const block = ($, ...rules) => seq('{', repeat(choice($._mark, ...rules)), '}')

/** Words of the test language that are names all the same when they go on as one. */
const GIVEN_WORDS = ['step', 'undo', 'approval', 'resume', 'resolve', 'file', 'crash', 'start']
const EXPECT_WORDS = ['outcome', 'always', 'never', 'step', 'undone', 'notified']

module.exports = grammar({
  name: 'phasegate',

  externals: ($) => [
    $._mark,
    $._item_mark,
    // Never given: the scanner sees by them where it stands.
    $._in_line_text,
    $._in_block_text,
    $._anywhere,
    $._error_sentinel,
  ],

  // `_anywhere` stands here so that the scanner is asked in front of every token.
  extras: ($) => [/[\s\uFEFF]/, $.doc_comment, $.line_comment, $.block_comment, $.unclosed_comment, $._anywhere],

  word: ($) => $.identifier,

  supertypes: ($) => [$.expression, $.statement, $.declaration],

  inline: ($) => [$._named_step, $._step_clause, $._target, $._number, $._trigger, $._condition_clause],

  conflicts: ($) => [
    // `on failure stop` behind a step is its clause, `on failure { … }` a handler.
    [$.step_statement],
    [$.call_statement],
    [$._misplaced_step],
    // A mark behind a probe may stand before its `expect`.
    [$.probe],
  ],

  rules: {
    source_file: ($) => repeat(choice($._mark, $._item_mark, $.declaration, $.misplaced_statement)),

    declaration: ($) =>
      choice(
        $.use_declaration,
        $.type_declaration,
        $.environment_declaration,
        $.metrics_declaration,
        $.threshold_declaration,
        $.channel_declaration,
        $.component_declaration,
        $.killswitch_declaration,
        $.sentinel_declaration,
        $.freeze_declaration,
        $.alert_declaration,
        $.rubric_declaration,
        $.schedule_declaration,
        $.pipeline_declaration,
        $.test_declaration,
        $.signature_declaration,
      ),

    /** A statement where only declarations may stand: read as one, so that an extra `}` costs nothing but itself. */
    misplaced_statement: ($) =>
      choice(
        $.param_statement,
        $.let_statement,
        $.lock_statement,
        $.timeout_statement,
        $.window_statement,
        $.phase_statement,
        $.handler,
        $.parallel_statement,
        alias($._misplaced_step, $.step_statement),
        $.gate_statement,
        $.hold_statement,
        $.ramp_statement,
        $.approve_statement,
        $.wait_statement,
        $.run_statement,
        $.require_statement,
        $.warn_statement,
        $.rollback_statement,
        $.pause_statement,
        $.abort_statement,
        $.notify_statement,
      ),

    // ---- declarations ---------------------------------------------------------------------------------------------

    use_declaration: ($) =>
      seq(
        'use',
        field('source', choice(alias('std', $.standard_library), $.string)),
        choice(
          seq('.', choice(field('name', $.identifier), $.import_list)),
          seq('as', field('alias', $.identifier)),
        ),
      ),
    import_list: ($) => seq('{', list(field('name', $.identifier)), '}'),

    type_declaration: ($) => seq('type', field('name', $.identifier), '=', field('type', $._type)),

    environment_declaration: ($) =>
      seq('environment', field('name', $.identifier), field('body', $.environment_body)),
    environment_body: ($) => seq('{', list($.environment_entry), '}'),
    environment_entry: ($) => seq(field('name', $.identifier), '=', field('value', $.expression)),

    metrics_declaration: ($) =>
      seq(
        'metrics',
        field('name', $.identifier),
        'from',
        field('source', $.expression),
        repeat(choice($.every_clause, $.lag_clause)),
        field('body', $.metrics_body),
      ),
    metrics_body: ($) => seq('{', repeat(seq($.metric, optional(','))), '}'),
    metric: ($) =>
      seq(field('name', $.identifier), ':', field('type', $._type), '=', field('value', $.expression)),

    threshold_declaration: ($) =>
      seq('threshold', field('name', $.identifier), optional($.threshold_parameter), field('body', $.block)),
    threshold_parameter: ($) =>
      seq('(', field('name', $.identifier), ':', field('group', $.identifier), ')'),

    channel_declaration: ($) => seq('channel', field('name', $.identifier), '=', field('value', $.expression)),

    component_declaration: ($) =>
      seq('component', field('name', $.identifier), optional($.parameters), field('body', $.block)),

    killswitch_declaration: ($) =>
      seq('killswitch', field('name', $.identifier), field('body', $.killswitch_body)),
    killswitch_body: ($) => block($, $.switch_on, $.switch_off),
    switch_on: ($) => seq('on', field('body', $.block)),
    switch_off: ($) => seq('off', field('body', $.block)),

    sentinel_declaration: ($) =>
      seq('sentinel', field('name', $.identifier), repeat($.every_clause), field('body', $.sentinel_body)),
    sentinel_body: ($) => block($, $.probe, $.trip, $.recover),
    probe: ($) =>
      seq(
        'probe',
        field('name', $.identifier),
        '=',
        field('value', $.expression),
        repeat(choice($.timeout_clause, seq(optional($._mark), $.expect_clause))),
      ),
    expect_clause: ($) => seq('expect', field('condition', $.expression)),
    trip: ($) =>
      seq('trip', field('switch', $.identifier), 'when', field('condition', $.expression), repeat($.for_clause)),
    recover: ($) => seq('recover', 'when', field('condition', $.expression), repeat($.for_clause)),

    freeze_declaration: ($) =>
      seq('freeze', field('name', $.identifier), 'from', field('from', $.expression), 'to', field('to', $.expression)),

    alert_declaration: ($) =>
      seq(
        'alert',
        field('name', $.identifier),
        field('severity', alias($.identifier, $.severity)),
        'when',
        field('condition', $.expression),
        repeat($.for_clause),
        field('body', $.alert_body),
      ),
    alert_body: ($) => block($, $.summary, $.runbook, $.alert_notify),
    summary: ($) => seq('summary', $.expression),
    runbook: ($) => seq('runbook', $.expression),
    alert_notify: ($) => seq('notify', commas(field('channel', $.identifier))),

    rubric_declaration: ($) =>
      seq('rubric', field('name', $.identifier), optional(seq('for', field('subject', $.identifier))), field('body', $.rubric_body)),
    rubric_body: ($) => block($, $.pass_rule, $.tier),
    pass_rule: ($) => seq('pass', 'when', field('condition', $.expression)),
    tier: ($) => seq('tier', field('name', $.identifier), field('body', $.tier_body)),
    tier_body: ($) => block($, $.criterion),
    criterion: ($) =>
      seq(
        'criterion',
        field('name', $.identifier),
        optional(field('title', $.string)),
        field('points', choice($._number, $.identifier, $.parenthesized)),
        field('body', $.criterion_body),
      ),
    criterion_body: ($) => block($, $.award),
    award: ($) => seq('award', field('points', $.expression), optional($.when_clause)),

    schedule_declaration: ($) =>
      seq(
        'schedule',
        field('name', $.identifier),
        field('cron', $.expression),
        optional($._mark),
        'run',
        field('pipeline', $._target),
        optional($.in_clause),
      ),

    pipeline_declaration: ($) => seq('pipeline', field('name', $.identifier), field('body', $.block)),

    signature_declaration: ($) =>
      seq(
        field('kind', choice('step', 'source', 'extractor', 'target', 'channel')),
        field('name', $.dotted_name),
        $.parameters,
        repeat(choice($.output, $.effect_clause, $.idempotent, $.builtin)),
        optional(field('body', $.block)),
      ),
    dotted_name: ($) => seq($.identifier, repeat(seq('.', $.identifier))),
    output: ($) => seq('->', field('type', $._type)),
    idempotent: (_) => 'idempotent',
    builtin: (_) => 'builtin',

    parameters: ($) => seq('(', list($.parameter), ')'),
    parameter: ($) =>
      prec.right(
        seq(
          field('name', $.identifier),
          ':',
          field('type', $._type),
          optional(seq('=', field('default', $.expression))),
        ),
      ),

    // ---- statements -----------------------------------------------------------------------------------------------

    block: ($) => block($, $.statement),

    statement: ($) =>
      choice(
        $.param_statement,
        $.let_statement,
        $.lock_statement,
        $.timeout_statement,
        $.window_statement,
        $.phase_statement,
        $.handler,
        $.failure_policy,
        $.parallel_statement,
        $.step_statement,
        $.gate_statement,
        $.hold_statement,
        $.ramp_statement,
        $.approve_statement,
        $.wait_statement,
        $.run_statement,
        $.return_statement,
        $.require_statement,
        $.warn_statement,
        $.rollback_statement,
        $.pause_statement,
        $.abort_statement,
        $.notify_statement,
        $.call_statement,
      ),

    param_statement: ($) => seq('param', $.parameter),
    let_statement: ($) =>
      seq(
        'let',
        field('name', $.identifier),
        optional(seq(':', field('type', $._type))),
        '=',
        field('value', $.expression),
      ),
    lock_statement: ($) => seq('lock', $.expression),
    timeout_statement: ($) => seq('timeout', $.expression),
    window_statement: ($) => seq('window', $.expression),

    phase_statement: ($) =>
      seq(
        'phase',
        field('name', $.identifier),
        optional(field('title', $.string)),
        repeat(choice($.after_phases, $.each_clause, $.when_clause)),
        field('body', $.block),
      ),
    after_phases: ($) => seq('after', commas($.path)),
    each_clause: ($) =>
      seq(
        'for',
        field('name', $.identifier),
        'in',
        field('list', $.expression),
        optional(seq('max', field('limit', $.expression), 'at', 'once')),
      ),

    /** `on rollback { … }` */
    handler: ($) => seq('on', field('event', $.identifier), field('body', $.block)),
    /** `on failure continue` */
    failure_policy: ($) => seq('on', field('event', $.identifier), field('policy', $.identifier)),

    parallel_statement: ($) => seq('parallel', field('body', $.block)),

    step_statement: ($) => seq('step', choice($._named_step, field('value', $.expression)), repeat($._step_clause)),
    _named_step: ($) =>
      seq(
        field('name', $.identifier),
        optional(seq(':', field('type', $._type))),
        '=',
        field('value', $.expression),
      ),
    _step_clause: ($) =>
      choice(
        $.effect_clause,
        $.idempotent,
        $.timeout_clause,
        $.retry_clause,
        $.backoff_clause,
        $.when_clause,
        $.undo_clause,
        $.failure_clause,
      ),
    // Without a name it would be a signature there.
    _misplaced_step: ($) => seq('step', $._named_step, repeat($._step_clause)),

    gate_statement: ($) => seq('gate', optional(field('title', $.string)), field('body', $.block)),
    hold_statement: ($) =>
      seq('hold', field('duration', $.expression), repeat($.every_clause), field('body', $.block)),
    ramp_statement: ($) => seq('ramp', field('target', $.expression), $.weights, field('body', $.block)),
    weights: ($) => seq('through', commas($.expression)),
    approve_statement: ($) =>
      seq('approve', field('subject', $.expression), repeat(choice($.by_clause, $.within_clause, $.else_word))),
    wait_statement: ($) => seq('wait', $.expression),
    run_statement: ($) => seq('run', field('component', $._target)),
    return_statement: ($) => seq('return', $.expression),

    require_statement: ($) => seq('require', field('condition', $.expression), repeat($._condition_clause)),
    warn_statement: ($) => seq('warn', field('condition', $.expression), repeat($._condition_clause)),
    rollback_statement: ($) => seq('rollback', optional('phase'), $._trigger),
    pause_statement: ($) => seq('pause', $._trigger),
    abort_statement: ($) => seq('abort', $._trigger),
    notify_statement: ($) => seq('notify', field('channel', $.identifier), $._trigger),

    /** What is run: no operator may follow, as `in` names the environment. */
    _target: ($) => choice($._callee, alias($._statement_call, $.call)),

    /** Short for a step in hooks and kill switches, with the clauses of one. */
    call_statement: ($) => seq(alias($._statement_call, $.call), repeat($._step_clause)),
    _statement_call: ($) => seq(field('function', $._callee), $.arguments),
    _callee: ($) => choice($.identifier, alias($._callee_access, $.field_access)),
    // `notify` begins a statement of its own, but `notify.send(…)` is a call like any other.
    _callee_access: ($) =>
      seq(field('value', choice($._callee, alias('notify', $.identifier))), '.', field('field', $.identifier)),

    _trigger: ($) => seq('when', field('condition', $.expression), repeat($._condition_clause)),
    _condition_clause: ($) => choice($.for_clause, $.after_clause, $.missing_clause, $.else_clause),

    // ---- clauses --------------------------------------------------------------------------------------------------

    when_clause: ($) => seq('when', field('condition', $.expression)),
    every_clause: ($) => seq('every', $.expression),
    lag_clause: ($) => seq('lag', $.expression),
    for_clause: ($) => seq('for', $.expression, optional($.samples)),
    after_clause: ($) => seq('after', $.expression, optional($.samples)),
    samples: (_) => choice('sample', 'samples'),
    missing_clause: ($) => seq('missing', alias($.identifier, $.policy)),
    else_clause: ($) => seq('else', $.expression),
    else_word: ($) => seq('else', alias($.identifier, $.policy)),
    effect_clause: ($) => seq('effect', field('effect', alias($.identifier, $.effect))),
    // Behind a step `timeout` and `on failure` belong to it.
    timeout_clause: ($) => prec.dynamic(1, seq('timeout', $.expression)),
    retry_clause: ($) => prec.right(seq('retry', $.expression, optional($.backoff_clause))),
    backoff_clause: ($) => seq('backoff', $.expression),
    undo_clause: ($) => seq('undo', $.expression),
    failure_clause: ($) => prec.dynamic(1, seq('on', 'failure', alias($.identifier, $.policy))),
    by_clause: ($) => seq('by', $.expression),
    within_clause: ($) => seq('within', $.expression),
    at_clause: ($) => seq('at', $.expression),
    in_clause: ($) => seq('in', field('environment', $.identifier)),

    // ---- tests ----------------------------------------------------------------------------------------------------

    test_declaration: ($) => seq('test', field('title', $.string), field('body', $.test_body)),
    test_body: ($) => block($, $.test_run, $.given, $.expect),
    test_run: ($) => seq('run', field('pipeline', $._target), optional($.in_clause)),

    given: ($) =>
      seq(
        'given',
        choice(
          $.given_step,
          $.given_undo,
          $.given_approval,
          $.given_resume,
          $.given_resolve,
          $.given_file,
          $.given_crash,
          $.given_start,
          $.given_metric,
        ),
      ),
    given_step: ($) => seq('step', field('step', $.path), $._step_given),
    given_undo: ($) => seq('undo', field('step', $.path), $._step_given),
    _step_given: ($) => choice($.given_value, $.fails, $.takes),
    given_value: ($) => seq('=', $.expression),
    fails: ($) => seq('fails', optional(seq($._number, 'times'))),
    takes: ($) => seq('takes', $.expression),
    given_approval: ($) => seq('approval', field('phase', $.path), $.at_clause, optional($.by_clause)),
    given_resume: ($) => seq('resume', $.at_clause, optional($.by_clause)),
    given_resolve: ($) =>
      seq('resolve', field('step', $.path), field('how', alias($.identifier, $.policy)), $.at_clause),
    given_file: ($) => seq('file', field('path', choice($.string, $.raw_string, $.text_block, $._number, $._target)), $.given_value),
    given_crash: ($) => seq('crash', $.at_clause),
    given_start: ($) => seq('start', $.expression),
    given_metric: ($) =>
      seq(
        field('metric', alias($._given_path, $.path)),
        choice(
          seq('=', $.expression, repeat($.then_value), optional($.noise)),
          seq('from', field('recording', $.expression)),
          seq('missing', optional(seq('from', $.expression)), optional(seq('to', $.expression))),
        ),
      ),
    _given_path: ($) =>
      seq(
        choice($.identifier, prec(LEVEL.postfix, choice(...GIVEN_WORDS.map((word) => alias(word, $.identifier))))),
        repeat($._path_step),
      ),
    then_value: ($) => seq('then', $.expression, $.at_clause),
    noise: ($) => seq('noise', $.expression),

    expect: ($) =>
      seq(
        'expect',
        choice(
          $.expect_outcome,
          $.expect_always,
          $.expect_never,
          $.expect_step,
          $.expect_undone,
          $.expect_notified,
          $.expect_state,
        ),
      ),
    expect_outcome: ($) =>
      seq('outcome', field('outcome', alias($.identifier, $.state)), optional($.at_clause), optional($.because)),
    because: ($) => seq('because', $.expression),
    expect_always: ($) => seq('always', $.expression),
    expect_never: ($) => seq('never', $.expression),
    expect_step: ($) => seq('step', field('step', $.path), choice($.ran, $.never_ran)),
    ran: ($) =>
      seq('ran', optional(choice('once', seq($._number, 'times'))), optional($.before), optional($.by_clause)),
    never_ran: (_) => seq('never', 'ran'),
    before: ($) => seq('before', $.path),
    expect_undone: ($) => seq('undone', field('step', $.path), optional($.before)),
    expect_notified: ($) => seq('notified', field('channel', $.identifier)),
    expect_state: ($) =>
      seq(field('phase', alias($._expect_path, $.path)), field('state', alias($.identifier, $.state))),
    _expect_path: ($) =>
      choice(
        seq($.identifier, repeat($._path_step)),
        seq(choice(...EXPECT_WORDS.map((word) => alias(word, $.identifier))), repeat1($._path_step)),
      ),

    /** `bench.now`, `deploy[eu].apply` */
    path: ($) => prec.right(seq($.identifier, repeat($._path_step))),
    _path_step: ($) =>
      prec(LEVEL.postfix, choice(seq('.', $.identifier), seq('[', field('element', $.expression), ']'))),

    // ---- types ----------------------------------------------------------------------------------------------------

    _type: ($) => choice($.type_name, $.generic_type, $.encoded_type, $.record_type, $.optional_type),
    optional_type: ($) => seq(choice($.type_name, $.generic_type, $.encoded_type, $.record_type), '?'),
    type_name: ($) => seq($.identifier, repeat(seq('.', $.identifier))),
    generic_type: ($) => seq($.type_name, '<', commas($._type), '>'),
    encoded_type: ($) => seq($.type_name, '(', field('encoding', choice($.identifier, '%')), ')'),
    record_type: ($) => seq('{', list($.type_field), '}'),
    type_field: ($) => seq(field('name', $.identifier), ':', field('type', $._type)),

    // ---- expressions ----------------------------------------------------------------------------------------------

    expression: ($) =>
      choice(
        $.if_expression,
        $.binary_expression,
        $.unary_expression,
        $.call,
        $.field_access,
        $.index,
        $.identifier,
        $.parenthesized,
        $.list,
        $.record,
        $.boolean,
        $.string,
        $.raw_string,
        $.text_block,
        $._number,
      ),

    if_expression: ($) =>
      prec.right(
        seq(
          'if',
          field('condition', $.expression),
          'then',
          field('consequence', $.expression),
          'else',
          field('alternative', $.expression),
        ),
      ),

    binary_expression: ($) => {
      const side = (level, operator) =>
        prec.left(level, seq(field('left', $.expression), field('operator', operator), field('right', $.expression)))
      return choice(
        side(LEVEL.or, 'or'),
        side(LEVEL.and, 'and'),
        side(LEVEL.compare, choice('==', '!=', '<', '<=', '>', '>=', 'in', $.not_in)),
        side(LEVEL.default, '??'),
        side(LEVEL.range, choice('..', '+-', '±')),
        side(LEVEL.add, choice('+', '-')),
        side(LEVEL.multiply, choice('*', '/')),
      )
    },
    not_in: (_) => seq('not', 'in'),

    unary_expression: ($) =>
      choice(
        prec(LEVEL.not, seq(field('operator', 'not'), field('operand', $.expression))),
        prec(LEVEL.sign, seq(field('operator', '-'), field('operand', $.expression))),
      ),

    call: ($) => prec(LEVEL.postfix, seq(field('function', $.expression), $.arguments)),
    arguments: ($) => seq('(', list(choice($.named_argument, $.expression)), ')'),
    named_argument: ($) => seq(field('name', $.identifier), ':', field('value', $.expression)),
    field_access: ($) =>
      prec(LEVEL.postfix, seq(field('value', $.expression), '.', field('field', $.identifier))),
    index: ($) =>
      prec(LEVEL.postfix, seq(field('value', $.expression), '[', field('index', $.expression), ']')),

    parenthesized: ($) => seq('(', $.expression, ')'),
    list: ($) => seq('[', list($.expression), ']'),
    record: ($) => seq('{', list($.record_field), '}'),
    record_field: ($) => seq(field('name', choice($.identifier, $.string)), ':', field('value', $.expression)),

    // ---- tokens ---------------------------------------------------------------------------------------------------

    boolean: (_) => choice('true', 'false'),
    identifier: (_) => /[A-Za-z_][A-Za-z0-9_]*/,

    _number: ($) =>
      choice($.integer, $.float, $.duration, $.percentage, $.size, $.unknown_quantity),
    // Of one length the first one wins; a longer one is no quantity of the language (`5min`) and says so by its name.
    integer: (_) => /[0-9][0-9_]*/,
    float: (_) => /[0-9][0-9_]*(\.[0-9][0-9_]*([eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)/,
    duration: (_) => /([0-9][0-9_]*(\.[0-9][0-9_]*)?(us|µs|μs|ms|s|m|h|d|w))+/,
    percentage: (_) => /[0-9][0-9_]*(\.[0-9][0-9_]*)?(%|pp)/,
    size: (_) => /[0-9][0-9_]*(\.[0-9][0-9_]*)?(B|[KMGT]i?B)/,
    unknown_quantity: (_) => /[0-9]([0-9A-Za-z_µμ]|\.[0-9]|[eE][+-][0-9])*%?/,

    // In a text nothing is a comment: what may stand in one comes before.
    string: ($) =>
      seq(
        '"',
        repeat(choice(alias($._line_text, $.string_content), $.escape, $.interpolation, $._in_line_text)),
        token.immediate(prec(1, '"')),
      ),
    _line_text: (_) => token.immediate(prec(1, /([^"\\$\n]|\$[^{"\\\n$])+|\$/)),

    text_block: ($) =>
      seq(
        '"""',
        repeat(
          choice(
            alias($._block_text, $.string_content),
            alias($._quotes, $.string_content),
            $.escape,
            $.interpolation,
            $._in_block_text,
          ),
        ),
        token.immediate(prec(1, '"""')),
      ),
    _block_text: (_) => token.immediate(prec(1, /([^"\\$]|\$[^{"\\$])+|\$/)),
    _quotes: (_) => token.immediate(prec(1, /""?/)),

    raw_string: ($) =>
      seq('r"', optional(alias($._raw_text, $.string_content)), optional($._in_line_text), token.immediate(prec(1, '"'))),
    _raw_text: (_) => token.immediate(prec(1, /[^"\n]+/)),

    escape: (_) => token.immediate(prec(1, /\\([^u\n]|u(\{[0-9a-fA-F]*\})?)/)),
    interpolation: ($) => seq(token.immediate(prec(1, '${')), $.expression, '}'),

    doc_comment: (_) => token(/\/\/\/([^\/\n][^\n]*)?/),
    line_comment: (_) => token(/\/\/[^\n]*/),
    block_comment: (_) => token(/\/\*[^*]*\*+([^\/*][^*]*\*+)*\//),
    /** Runs to the end of the file. */
    unclosed_comment: (_) => token(/\/\*([^*]|\*+[^*\/])*\**/),
  },
})
