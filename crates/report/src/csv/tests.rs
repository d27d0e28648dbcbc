use super::Table;
use super::cell::{Cell, begins_formula};
use proptest::prelude::*;

fn shown(text: &str) -> String {
    Cell::text(text).as_str().to_owned()
}

/// The cells that a spreadsheet would see in one row, read back.
fn read(cells: &[Cell], separator: u8) -> Vec<String> {
    let mut out: Vec<u8> = Vec::new();
    let mut table = Table::begin(&mut out, &vec!["c"; cells.len()]).unwrap();
    table.row(cells).unwrap();
    table.end().unwrap();
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(out.as_slice());
    reader.records().flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn a_text_that_could_be_a_formula_gets_an_apostrophe_and_a_number_does_not() {
    for formula in
        ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\u{a0}=1", "\"=1", "\u{ff1d}1", "\u{ff0b}1", "\u{ff0d}1", "\u{ff20}x"]
    {
        assert_eq!(shown(formula), format!("'{formula}"));
    }
    assert_eq!(shown("\t=1"), "'    =1");
    assert_eq!(shown("\rx"), "'\\u{d}x");
    assert_eq!(shown("\nx"), "⏎x");
    assert_eq!(shown("a;=1+1; -2"), "a;'=1+1;' -2");
    assert_eq!(shown("a=b, c-d @e"), "a=b, c-d @e");
    assert_eq!(shown("\u{1b}[31m\u{202e}x\0"), "\\u{1b}[31m\\u{202e}x\\u{0}");
    assert_eq!(Cell::number(-0.25).as_str(), "-0.25");
    assert_eq!(Cell::number(1e-7).as_str(), "0.0000001");
    assert_eq!(Cell::number(f64::NAN).as_str(), "");
    assert_eq!(Cell::whole(u64::MAX).as_str(), "18446744073709551615");
}

#[test]
fn a_cell_may_hold_commas_quotes_and_line_breaks_and_rows_end_as_the_rfc_says() {
    let mut out: Vec<u8> = Vec::new();
    let mut table = Table::begin(&mut out, &["a", "b"]).unwrap();
    table.row(&[Cell::text("x, \"y\"\nz"), Cell::EMPTY]).unwrap();
    table.end().unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "a,b\r\n\"x, \"\"y\"\"⏎z\",\r\n");
}

proptest! {
    #[test]
    fn no_text_becomes_a_formula_however_the_line_is_broken(
        first in "[ \\t\\r\\n\\PC=+@;,\"'-]{0,12}",
        second in "[=+@;,\"' a＝-]{0,12}",
    ) {
        let cells = [Cell::text(&first), Cell::text(&second)];
        // As commas break it, every cell comes back as it was written, and none begins a formula or acts.
        let back = read(&cells, b',');
        prop_assert_eq!(&back, &cells.iter().map(|c| c.as_str().to_owned()).collect::<Vec<_>>());
        for cell in &back {
            prop_assert!(!cell.trim_start().chars().next().is_some_and(begins_formula), "{cell:?}");
            prop_assert!(!cell.chars().any(char::is_control), "{cell:?}");
        }
    }

    #[test]
    fn a_text_of_no_sign_stays_as_it_is(text in "[a-zäé0-9 .:/#~_]{0,20}") {
        prop_assert_eq!(shown(&text), text);
    }
}
