//! What was explored of each strategy, in sum.

use serde::{Deserialize, Serialize};

use super::table::{Table, number};
use super::{Explored, Level, ModelRow};

/// A strategy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrategyRow {
    /// Its name.
    pub name: String,
    /// How much of it loom has seen.
    pub level: Level,
    /// What was explored of it.
    #[serde(flatten)]
    pub explored: Explored,
}

impl StrategyRow {
    /// The strategies of these models, in their order.
    #[must_use]
    pub fn of(models: &[ModelRow]) -> Vec<Self> {
        let mut names: Vec<&str> = Vec::new();
        for model in models {
            if !names.contains(&&*model.strategy) {
                names.push(&model.strategy);
            }
        }
        let row = |name: &str| Self {
            name: name.to_owned(),
            level: Level::of(name),
            explored: Explored::by(models.iter().filter(|model| model.strategy == name)),
        };
        names.into_iter().map(row).collect()
    }

    /// A table of strategies.
    #[must_use]
    pub fn table(strategies: &[Self]) -> String {
        let numbers = [
            "models",
            "executions",
            "exhausted at 2",
            "exhausted at 3",
            "exhausted without bound",
        ];
        let mut header = vec!["strategy", "level"];
        header.extend(numbers);
        let mut table = Table::new(header);
        for strategy in strategies {
            let explored = strategy.explored;
            table.row([
                strategy.name.clone(),
                strategy.level.to_string(),
                number(explored.models),
                number(explored.executions),
                number(explored.exhausted_at_two),
                number(explored.exhausted_at_three),
                number(explored.exhausted_unbounded),
            ]);
        }
        table.numbers(numbers);
        table.to_string()
    }
}
