//! `charla chat` with lines from a file: each is shown with its answer, and letters choose.

use crate::support::{cache, root};
use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

fn chat(customer: &str, lines: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_charla"))
        .args(["chat", "--no-encoder", "--as", customer, "--assistant"])
        .arg(root().join("config"))
        .env("CHARLA_CACHE", cache())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_first_contact_in_spanish_reads_well() {
    let out = chat("34600000001", "Hola, buenas tardes\na\n¿dónde está mi pedido?\n");
    let text = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success(), "{text}\n{}", String::from_utf8_lossy(&out.stderr));
    // The shop's number of the customer's own country, without being told.
    assert!(text.contains(charla::demo::NUMBER_ES), "{text}");
    let mut rest = text.as_str();
    for part in [
        "> Hola, buenas tardes",
        "Charla",
        "[a] Sí, de acuerdo",
        "> a",
        "(Sí, de acuerdo)",
        "¡Gracias!",
        "> ¿dónde",
        "[a] ORD-",
    ] {
        let at = rest.find(part).unwrap_or_else(|| panic!("no `{part}` in its place:\n{text}"));
        rest = &rest[at + part.len()..];
    }
    assert!(!text.contains('\u{1b}'), "no escape sequences in a file");
    assert!(!String::from_utf8_lossy(&out.stderr).contains("INFO"), "no logs between the lines");
}

/// As `charla check | head` does.
#[test]
fn a_reader_that_leaves_ends_a_command_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_charla"))
        .args(["check", "--no-tests", "--config"])
        .arg(root().join("config"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success() && out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
}
