//! The socket over which a backup is asked for.

use crate::support::{PATIENCE, Town};
use charla::control::{Request, place};
use std::{path::Path, process::Command, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};

async fn ask(town: &Town, file: &Path) -> UnixStream {
    let mut stream = UnixStream::connect(place(&town.folder.path().join("engine"))).await.unwrap();
    let mut request = serde_json::to_vec(&Request::Backup(file.to_owned())).unwrap();
    request.push(b'\n');
    stream.write_all(&request).await.unwrap();
    stream
}

fn done(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_does_not_wait_for_a_backup() {
    let mut town = Town::with_child().await;
    let file = town.folder.path().join("charla.backup");
    // Nobody reads it: who writes it waits without end, as on a disk that does not answer.
    done(Command::new("mkfifo").arg(file.with_extension("backup.part")));
    let asked = ask(&town, &file).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(town.end().await.success(), "{}", town.log());
    assert!(!file.exists());
    drop(asked);
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_survives_a_lack_of_file_handles() {
    let town = Town::with_child().await;
    let limit = |files: &str| {
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={files}:")).arg("--pid").arg(town.pid().to_string());
        command
    };
    if limit("1").output().is_err() {
        eprintln!("skipped: there is no prlimit");
        return town.stop().await;
    }
    done(&mut limit("1"));
    let file = town.folder.path().join("charla.backup");
    let mut stream = BufReader::new(ask(&town, &file).await);
    tokio::time::sleep(Duration::from_millis(300)).await;
    done(&mut limit("1024"));
    let mut answer = String::new();
    let answered = tokio::time::timeout(PATIENCE, stream.read_line(&mut answer)).await;
    answered.expect("the socket is dead").unwrap();
    assert!(answer.contains("done"), "{answer}");
    assert!(file.exists() && town.log().contains("could not be taken"), "{}", town.log());
    town.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_erased_while_the_engine_serves_and_when_it_has_stopped() {
    let mut town = Town::with_child().await;
    let (one, two) = ("447700900001", "34600000001");
    town.customer(one).say("hi there, good morning").await;
    town.customer(two).say("hola buenas").await;
    let (id, _) = town.conversation_of(one).await;
    let (other, _) = town.conversation_of(two).await;
    let data = town.folder.path().join("engine");
    let erase = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_charla"));
        let out = command.arg("erase").args(arguments).arg("--data").arg(&data).output().unwrap();
        let text = [out.stdout, out.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (out.status.success(), text)
    };
    let (found, text) = erase(&["+44 7700 900001"]);
    assert!(found && text.contains(&id) && text.contains("--yes"), "{text}");
    town.wait_for(&id, |d| d["person"]["phone"] == one).await;
    let (erased, text) = erase(&["+44 7700 900001", "--yes"]);
    assert!(erased && text.contains(&id) && !text.contains(&other), "{text}");
    assert_eq!(town.agent("GET", &format!("/conversations/{id}"), serde_json::Value::Null).await.0, 404);
    assert!(town.log().contains("a person was erased") && !town.log().contains(one), "{}", town.log());
    let (again, text) = erase(&["+44 7700 900001", "--yes"]);
    assert!(!again && text.contains("nobody is known"), "{text}");
    town.wait_for(&other, |d| d["person"]["phone"] == two).await;
    assert!(town.end().await.success(), "{}", town.log());
    let (erased, text) = erase(&[&other, "--yes"]);
    assert!(erased && text.contains(&other), "{text}");
    let (again, text) = erase(&[&other]);
    assert!(!again && text.contains("nobody is known"), "{text}");
    town.stop().await;
}
