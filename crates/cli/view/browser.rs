//! Opening an address in the person's browser. No shell ever sees the address.

use crate::out::Out;
use std::process::{Command, Stdio};

/// Starts a browser; whether one is known here.
pub(super) fn open(address: &str, out: Out) -> bool {
    let wanted = std::env::var("BROWSER").unwrap_or_default();
    let mut commands: Vec<Command> = wanted.split(':').filter_map(|line| named(line, address)).collect();
    commands.extend(usual(address));
    for mut command in commands {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Ok(mut child) = command.spawn() {
            // It may run as long as the browser does; nobody waits for it but this thread.
            std::thread::spawn(move || {
                if !child.wait().is_ok_and(|status| status.success()) {
                    out.note("the browser did not open; open the address above");
                }
            });
            return true;
        }
    }
    false
}

/// A command of `$BROWSER`: words, of which `%s` stands for the address; without one it comes last.
fn named(line: &str, address: &str) -> Option<Command> {
    let mut words = line.split_ascii_whitespace();
    let mut command = Command::new(words.next()?);
    let mut put = false;
    for word in words {
        put |= word.contains("%s");
        command.arg(word.replace("%s", address));
    }
    if !put {
        command.arg(address);
    }
    Some(command)
}

/// What this system opens addresses with.
fn usual(address: &str) -> Option<Command> {
    let (program, before): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        // `start` belongs to a shell, which would read `&` and `^` in an address.
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else if ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some()) {
        ("xdg-open", &[])
    } else {
        return None;
    };
    let mut command = Command::new(program);
    command.args(before).arg(address);
    Some(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_one_word_of_the_command_whatever_the_variable_says() {
        let words = |line: &str| {
            let command = named(line, "http://127.0.0.1:1/a b;c").unwrap();
            let all = std::iter::once(command.get_program()).chain(command.get_args());
            all.map(|w| w.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(words("firefox"), ["firefox", "http://127.0.0.1:1/a b;c"]);
        assert_eq!(words("chromium --app=%s --x"), ["chromium", "--app=http://127.0.0.1:1/a b;c", "--x"]);
        assert!(named("", "x").is_none());
    }
}
