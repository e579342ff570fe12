//! In which order relevance and calculations are worked out; and whether they can be.
//!
//! As ODK Validate has it: nothing may wait for itself, be it by a calculation or by relevance, its own or that of a
//! section around it. What only looks at an answer (a constraint, a filter, what is required) may look anywhere.

use crate::{
    model::{Node, NodeId},
    xpath::Expr,
};

/// All nodes, each after what it waits for; or the nodes of a circle.
pub(super) fn order(nodes: &[Node]) -> Result<Vec<NodeId>, Vec<NodeId>> {
    let waits: Vec<Vec<NodeId>> = nodes.iter().enumerate().map(|(id, node)| waits_for(id, node)).collect();
    let mut visit =
        Visit { waits: &waits, state: vec![State::New; nodes.len()], order: Vec::new(), path: Vec::new() };
    for id in 0..nodes.len() {
        visit.node(id)?;
    }
    Ok(visit.order)
}

/// Where a circle can be cut: the first row of it that names another member itself, and the column in which it does.
/// The nodes of the circle wait each for the next; the last is the first again.
pub(super) fn blame(nodes: &[Node], circle: &[NodeId]) -> (NodeId, &'static str) {
    let own = |pair: &[NodeId]| {
        let [id, next] = pair else { return None };
        let node = &nodes[*id];
        let columns =
            [(&node.relevant, "relevant"), (&node.calculation, "calculation"), (&node.count, "repeat_count")];
        let names = |expr: &Option<Expr>| expr.as_ref().is_some_and(|expr| expr.nodes().contains(next));
        columns.into_iter().find(|(expr, _)| names(expr)).map(|(_, key)| (*id, key))
    };
    let found = circle.windows(2).filter_map(own).min_by_key(|(id, _)| nodes[*id].row);
    // A section cannot hold itself, so one of them names the next.
    found.unwrap_or((circle.first().copied().unwrap_or_default(), "relevant"))
}

fn waits_for(id: NodeId, node: &Node) -> Vec<NodeId> {
    let exprs = [&node.relevant, &node.calculation, &node.count];
    let named = exprs.into_iter().flatten().flat_map(Expr::nodes);
    let above = (id != 0).then_some(node.parent);
    let mut waits: Vec<NodeId> = above.into_iter().chain(named).collect();
    waits.sort_unstable();
    waits.dedup();
    waits
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

struct Visit<'a> {
    waits: &'a [Vec<NodeId>],
    state: Vec<State>,
    order: Vec<NodeId>,
    path: Vec<NodeId>,
}

impl Visit<'_> {
    /// Depth first without recursion: a chain of calculations may be as long as the form.
    fn node(&mut self, start: NodeId) -> Result<(), Vec<NodeId>> {
        if self.state[start] == State::Done {
            return Ok(());
        }
        let mut stack = vec![(start, 0)];
        self.open(start);
        while let Some((id, next)) = stack.last_mut() {
            let id = *id;
            let Some(wanted) = self.waits[id].get(*next).copied() else {
                self.state[id] = State::Done;
                self.order.push(id);
                self.path.pop();
                stack.pop();
                continue;
            };
            *next += 1;
            match self.state[wanted] {
                State::Done => {}
                State::New => {
                    self.open(wanted);
                    stack.push((wanted, 0));
                }
                State::Open => {
                    let from = self.path.iter().position(|id| *id == wanted).unwrap_or(0);
                    let mut cycle = self.path[from..].to_vec();
                    cycle.push(wanted);
                    return Err(cycle);
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, id: NodeId) {
        self.state[id] = State::Open;
        self.path.push(id);
    }
}
