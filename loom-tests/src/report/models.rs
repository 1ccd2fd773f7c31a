//! What loom explored.

use serde::{Deserialize, Serialize};

use super::Level;
use super::table::{Table, count, number, seconds};

/// A scenario on a strategy, explored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRow {
    /// The strategy.
    pub strategy: String,
    /// The scenario.
    pub scenario: String,
    /// What each pass and bound explored.
    pub explorations: Vec<ExplorationRow>,
    /// How many different outcomes there were.
    pub outcomes: usize,
    /// How long it took.
    pub seconds: f64,
}

/// What one exploration saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplorationRow {
    /// The pass.
    pub pass: String,
    /// How often threads were preempted at most; null for as often as possible.
    pub bound: Option<usize>,
    /// How many executions there were.
    pub executions: usize,
    /// Whether these were all there are within the bound; if not, the exploration was capped.
    pub exhausted: bool,
}

impl ModelRow {
    /// The row of a model.
    #[cfg(contexture_loom)]
    #[must_use]
    pub fn new(strategy: &str, scenario: &str, model: &crate::explore::Model) -> Self {
        let explorations = model.explorations.iter();
        Self {
            strategy: strategy.to_owned(),
            scenario: scenario.to_owned(),
            explorations: explorations
                .map(|exploration| ExplorationRow {
                    pass: exploration.pass.to_owned(),
                    bound: exploration.bound,
                    executions: exploration.executions,
                    exhausted: exploration.exhausted,
                })
                .collect(),
            outcomes: model.outcomes,
            seconds: super::table::thousandths(model.took),
        }
    }

    /// How many executions there were, in all passes and bounds.
    #[must_use]
    pub fn executions(&self) -> usize {
        self.explorations.iter().map(|each| each.executions).sum()
    }

    /// Whether everything within this bound was explored, in every pass; `None` is no bound.
    #[must_use]
    pub fn is_exhausted(&self, bound: Option<usize>) -> bool {
        let reaches = |other: Option<usize>| match (bound, other) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(bound), Some(other)) => other >= bound,
        };
        let exhausts = |pass: &str| {
            let of_pass = self.explorations.iter().filter(|each| each.pass == pass);
            of_pass
                .clone()
                .any(|each| each.exhausted && reaches(each.bound))
        };
        self.explorations.iter().all(|each| exhausts(&each.pass))
    }

    /// The executions of a pass, bound after bound: `+` where they are not all, `∞` before those
    /// without a bound.
    fn of_pass(&self, pass: &str) -> String {
        let of_pass = self.explorations.iter().filter(|each| each.pass == pass);
        let numbers = of_pass.map(|each| {
            let unbounded = if each.bound.is_none() { "∞" } else { "" };
            let capped = if each.exhausted { "" } else { "+" };
            format!("{unbounded}{}{capped}", each.executions)
        });
        numbers.collect::<Vec<_>>().join(" ")
    }
}

/// How much was explored of some models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explored {
    /// How many models there are.
    pub models: usize,
    /// Their executions, in all passes and bounds.
    pub executions: usize,
    /// Models of which everything with two preemptions was explored, in every pass.
    pub exhausted_at_two: usize,
    /// The same with three preemptions.
    pub exhausted_at_three: usize,
    /// The same with any number of preemptions.
    pub exhausted_unbounded: usize,
}

impl Explored {
    /// The sum of these models.
    #[must_use]
    pub fn by<'a>(models: impl IntoIterator<Item = &'a ModelRow>) -> Self {
        models.into_iter().fold(Self::default(), |sum, model| {
            let exhausted = |bound| usize::from(model.is_exhausted(bound));
            Self {
                models: sum.models + 1,
                executions: sum.executions + model.executions(),
                exhausted_at_two: sum.exhausted_at_two + exhausted(Some(2)),
                exhausted_at_three: sum.exhausted_at_three + exhausted(Some(3)),
                exhausted_unbounded: sum.exhausted_unbounded + exhausted(None),
            }
        })
    }

    /// In two sentences.
    #[must_use]
    pub fn sentences(&self) -> String {
        format!(
            "{}, {}. Explored exhaustively in every pass: {} with two preemptions or more, {} of \
             them with three or more, {} with any number.",
            count(self.models, "model"),
            count(self.executions, "execution"),
            number(self.exhausted_at_two),
            number(self.exhausted_at_three),
            number(self.exhausted_unbounded),
        )
    }
}

/// What the columns of [`table`] mean.
pub(super) const LEGEND: &str = "Below each pass: executions with bound 1, 2 and so on, and \
    without any bound (∞) where that was tried. A plain number is all there are, `+` means capped.";

impl ModelRow {
    /// A table of models.
    #[must_use]
    pub fn table(models: &[Self]) -> String {
        let mut passes: Vec<&str> = Vec::new();
        for exploration in models.iter().flat_map(|model| &model.explorations) {
            if !passes.contains(&&*exploration.pass) {
                passes.push(&exploration.pass);
            }
        }
        let mut header = vec!["strategy", "scenario"];
        header.extend(&passes);
        header.extend(["outcomes", "seconds", "level"]);
        let mut table = Table::new(header);
        for model in models {
            let mut cells = vec![model.strategy.clone(), model.scenario.clone()];
            cells.extend(passes.iter().map(|pass| model.of_pass(pass)));
            cells.push(model.outcomes.to_string());
            cells.push(seconds(model.seconds));
            cells.push(Level::of(&model.strategy).to_string());
            table.row(cells);
        }
        table.numbers(["outcomes", "seconds"]);
        format!("{table}\n{LEGEND}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(explorations: &[(&str, Option<usize>, bool)]) -> ModelRow {
        let row = |&(pass, bound, exhausted): &(&str, _, _)| ExplorationRow {
            pass: pass.to_owned(),
            bound,
            executions: 10,
            exhausted,
        };
        ModelRow {
            strategy: "sharded".into(),
            scenario: "update_update".into(),
            explorations: explorations.iter().map(row).collect(),
            outcomes: 2,
            seconds: 0.25,
        }
    }

    #[test]
    fn a_model_is_exhausted_if_every_pass_is() {
        let two = (Some(2), true);
        let one_pass = model(&[
            ("a", Some(1), true),
            ("a", two.0, two.1),
            ("b", two.0, two.1),
        ]);
        assert!(one_pass.is_exhausted(Some(1)));
        assert!(one_pass.is_exhausted(Some(2)));
        assert!(!one_pass.is_exhausted(Some(3)));
        assert!(!one_pass.is_exhausted(None));

        let capped = model(&[
            ("a", Some(2), true),
            ("b", Some(1), true),
            ("b", Some(2), false),
        ]);
        assert!(capped.is_exhausted(Some(1)));
        assert!(!capped.is_exhausted(Some(2)));

        let unbounded = model(&[("a", Some(1), true), ("a", None, true), ("b", None, true)]);
        assert!(unbounded.is_exhausted(Some(3)));
        assert!(unbounded.is_exhausted(None));
    }

    #[test]
    fn only_what_was_exhausted_is_counted_as_that() {
        let capped = model(&[("a", Some(1), true), ("a", Some(2), false)]);
        let whole = model(&[("a", Some(3), true)]);
        let explored = Explored::by([&capped, &whole]);
        let expected = Explored {
            models: 2,
            executions: 30,
            exhausted_at_two: 1,
            exhausted_at_three: 1,
            exhausted_unbounded: 0,
        };
        assert_eq!(explored, expected);
    }

    #[test]
    fn the_table_tells_capped_from_exhausted() {
        let model = model(&[
            ("a", Some(1), true),
            ("a", Some(2), false),
            ("b", None, true),
        ]);
        let table = ModelRow::table(&[model]);
        let row = table.lines().nth(2).unwrap_or_default();
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let expected = [
            "",
            "sharded",
            "update_update",
            "10 10+",
            "∞10",
            "2",
            "0.2",
            "protocol",
            "",
        ];
        assert_eq!(cells, expected, "{table}");
    }
}
