//! Where boxes of a graph go: in layers from left to right, each behind what it comes after.
//!
//! The steps of Sugiyama: layers by the longest path, long edges bent in each layer they pass, order by barycentres,
//! places by stacking. Boxes come in topological order, which callers have anyway.

/// Between boxes of a layer, and between layers.
const GAP: f64 = 24.0;
const LAYER_GAP: f64 = 64.0;
const MARGIN: f64 = 24.0;
/// Room for an edge that passes a layer.
const LANE: f64 = 6.0;
/// More bends than this are not worth their space; edges go straight then.
const MOST_BENDS: usize = 20_000;
const SWEEPS: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    pub width: f64,
    pub height: f64,
}

#[derive(Debug)]
pub struct Layout {
    /// The upper left corner of each box.
    pub places: Vec<Point>,
    /// Of each edge: where it leaves, passes and arrives.
    pub routes: Vec<Vec<Point>>,
    pub size: Size,
}

/// What stands in a layer: a box, or an edge that passes.
struct Item {
    size: Size,
    layer: usize,
    before: Vec<usize>,
    behind: Vec<usize>,
}

/// Places boxes; every edge goes from a box to a later one.
pub fn arrange(boxes: &[Size], edges: &[(usize, usize)]) -> Layout {
    let layer_of = find_layers(boxes.len(), edges);
    let mut items: Vec<Item> = boxes
        .iter()
        .zip(&layer_of)
        .map(|(size, layer)| Item { size: *size, layer: *layer, before: Vec::new(), behind: Vec::new() })
        .collect();
    let chains = bend_edges(&mut items, edges);
    let count = layer_of.iter().max().map_or(0, |last| last + 1);
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (at, item) in items.iter().enumerate() {
        layers[item.layer].push(at);
    }
    reduce_crossings(&items, &mut layers);
    place(&items, &layers, boxes.len(), &chains)
}

fn find_layers(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (from, to) in edges {
        behind[*from].push(*to);
    }
    let mut layers = vec![0; count];
    for from in 0..count {
        for to in &behind[from] {
            layers[*to] = layers[*to].max(layers[from] + 1);
        }
    }
    layers
}

/// Puts an item into each layer an edge passes; gives the items of each edge from end to end.
fn bend_edges(items: &mut Vec<Item>, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let passed = |items: &[Item], (from, to): &(usize, usize)| items[*to].layer - items[*from].layer - 1;
    let bends: usize = edges.iter().map(|edge| passed(items, edge)).sum();
    let mut chains = Vec::with_capacity(edges.len());
    for edge in edges {
        let (from, to) = *edge;
        let mut chain = vec![from];
        if bends <= MOST_BENDS {
            for layer in items[from].layer + 1..items[to].layer {
                let size = Size { width: 0.0, height: LANE };
                items.push(Item { size, layer, before: Vec::new(), behind: Vec::new() });
                chain.push(items.len() - 1);
            }
        }
        chain.push(to);
        for pair in chain.windows(2) {
            items[pair[0]].behind.push(pair[1]);
            items[pair[1]].before.push(pair[0]);
        }
        chains.push(chain);
    }
    chains
}

/// Sorts each layer by where its neighbours stand, there and back.
fn reduce_crossings(items: &[Item], layers: &mut [Vec<usize>]) {
    let mut position = vec![0.0; items.len()];
    let number = |layer: &[usize], position: &mut [f64]| {
        for (at, item) in layer.iter().enumerate() {
            position[*item] = (at as f64 + 0.5) / layer.len() as f64;
        }
    };
    for layer in layers.iter() {
        number(layer, &mut position);
    }
    for sweep in 0..SWEEPS {
        let forward = sweep % 2 == 0;
        for step in 0..layers.len() {
            let at = if forward { step } else { layers.len() - 1 - step };
            let centre = |item: &usize| {
                let near = if forward { &items[*item].before } else { &items[*item].behind };
                let sum: f64 = near.iter().map(|other| position[*other]).sum();
                if near.is_empty() { position[*item] } else { sum / near.len() as f64 }
            };
            let mut keyed: Vec<(f64, usize)> = layers[at].iter().map(|item| (centre(item), *item)).collect();
            keyed.sort_by(|left, right| left.0.total_cmp(&right.0));
            layers[at] = keyed.into_iter().map(|(_, item)| item).collect();
            number(&layers[at], &mut position);
        }
    }
}

fn place(items: &[Item], layers: &[Vec<usize>], boxes: usize, chains: &[Vec<usize>]) -> Layout {
    let height_of = |layer: &Vec<usize>| {
        let heights: f64 = layer.iter().map(|item| items[*item].size.height).sum();
        heights + GAP * layer.len().saturating_sub(1) as f64
    };
    let width_of = |layer: &Vec<usize>| layer.iter().map(|item| items[*item].size.width).fold(0.0, f64::max);
    let height = layers.iter().map(height_of).fold(0.0, f64::max);
    let mut corners = vec![Point::default(); items.len()];
    // Edges pass a layer over its whole width.
    let mut widths = vec![0.0; layers.len()];
    let mut x = MARGIN;
    for (at, layer) in layers.iter().enumerate() {
        widths[at] = width_of(layer);
        let mut y = MARGIN + (height - height_of(layer)) / 2.0;
        for item in layer {
            corners[*item] = Point { x, y };
            y += items[*item].size.height + GAP;
        }
        x += widths[at] + LAYER_GAP;
    }
    let routes = chains.iter().map(|chain| route(chain, items, &corners, &widths)).collect();
    let width = (x - LAYER_GAP).max(MARGIN) + MARGIN;
    corners.truncate(boxes);
    Layout { places: corners, routes, size: Size { width, height: height + 2.0 * MARGIN } }
}

fn route(chain: &[usize], items: &[Item], corners: &[Point], widths: &[f64]) -> Vec<Point> {
    let middle = |item: usize| corners[item].y + items[item].size.height / 2.0;
    let mut points = Vec::with_capacity(chain.len() * 2);
    for (at, item) in chain.iter().enumerate() {
        let left = corners[*item].x;
        if at > 0 {
            points.push(Point { x: left, y: middle(*item) });
        }
        if at == 0 {
            points.push(Point { x: left + items[*item].size.width, y: middle(*item) });
        } else if at + 1 < chain.len() {
            points.push(Point { x: left + widths[items[*item].layer], y: middle(*item) });
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::{Layout, Point, Size, arrange};
    use proptest::prelude::{prop_assert, proptest};

    fn boxes(count: usize) -> Vec<Size> {
        (0..count).map(|at| Size { width: 100.0 + at as f64, height: 40.0 + (at % 3) as f64 * 20.0 }).collect()
    }

    fn overlap(layout: &Layout, sizes: &[Size]) -> bool {
        let apart = |(a, a_size): (&Point, &Size), (b, b_size): (&Point, &Size)| {
            a.x + a_size.width <= b.x
                || b.x + b_size.width <= a.x
                || a.y + a_size.height <= b.y
                || b.y + b_size.height <= a.y
        };
        let all: Vec<_> = layout.places.iter().zip(sizes).collect();
        (0..all.len()).any(|left| (left + 1..all.len()).any(|right| !apart(all[left], all[right])))
    }

    #[test]
    fn what_comes_after_stands_to_the_right() {
        let layout = arrange(&boxes(4), &[(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)]);
        assert!(layout.places[0].x < layout.places[1].x);
        assert!((layout.places[1].x - layout.places[2].x).abs() < f64::EPSILON);
        assert!(layout.places[1].x < layout.places[3].x);
        assert_eq!(layout.routes[4].len(), 4);
        assert!(!overlap(&layout, &boxes(4)));
    }

    #[test]
    fn an_empty_graph_has_room_for_its_margin() {
        assert!(arrange(&[], &[]).size.width > 0.0);
    }

    proptest! {
        #[test]
        fn boxes_never_overlap_and_lie_inside(pairs in proptest::collection::vec((0usize..20, 0usize..20), 0..60)) {
            let sizes = boxes(20);
            let edges: Vec<_> = pairs.into_iter().filter(|(from, to)| from < to).collect();
            let layout = arrange(&sizes, &edges);
            prop_assert!(!overlap(&layout, &sizes));
            for (place, size) in layout.places.iter().zip(&sizes) {
                prop_assert!(place.x >= 0.0 && place.x + size.width <= layout.size.width);
                prop_assert!(place.y >= 0.0 && place.y + size.height <= layout.size.height + 0.001);
            }
        }
    }
}
