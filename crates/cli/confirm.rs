//! Asking first where something may be dear.

use crate::exit::Exit;
use crate::failure::Failure;
use std::io::{IsTerminal as _, Write as _};

/// Asks whether to go on with `what` where it may cost more than `above` dollars, or nobody knows how much
/// (`high` gives `None`; it is asked only where it matters). Where nobody can be asked, that is a mistake.
pub(crate) fn confirm(
    what: &str,
    above: Option<f64>,
    yes: bool,
    high: impl FnOnce() -> Option<f64>,
) -> Result<(), Failure> {
    let Some(above) = above.filter(|_| !yes) else { return Ok(()) };
    let high = high();
    if high.is_some_and(|high| high <= above) {
        return Ok(());
    }
    let cost = high.map_or("an amount nobody can bound".to_owned(), |high| format!("up to ${high:.2}"));
    if !std::io::stdin().is_terminal() {
        return Err(Failure::mistake(format!(
            "{what} may cost {cost}, more than ${above:.2}; say --yes to run it, or raise --confirm-above"
        )));
    }
    let _ = write!(std::io::stderr(), "mocktrial: {what} may cost {cost}. Go on? [y/N] ");
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
    if line.trim().eq_ignore_ascii_case("y") {
        Ok(())
    } else {
        Err(Failure { exit: Exit::Incomplete, ..Failure::mistake("nothing was run") })
    }
}
