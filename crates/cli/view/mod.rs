//! `mocktrial view`: the report of runs, served to a browser on this machine.

mod browser;
mod pages;
mod server;
mod visitor;

use crate::args::ViewArgs;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::out::Out;
use mocktrial_report::REPORT_VERSION;
use pages::Pages;
use serde_json::json;
use std::sync::Arc;
use tokio::net::TcpListener;
use visitor::Door;

pub(crate) async fn view(args: ViewArgs, out: Out) -> Outcome {
    let mut of = args.of;
    let outputs = std::mem::take(&mut of.outputs);
    let pages = Pages::new(of, out)?;
    // Mistakes in what is asked are told here, and not to a browser.
    let held = pages.make()?;
    if !outputs.output.is_empty() {
        crate::report::write(&outputs.output, &held.report, &held.files, out)?;
    }
    drop(held);
    let listener = TcpListener::bind(("127.0.0.1", args.port))
        .await
        .map_err(|e| Failure::infrastructure(format!("cannot listen on 127.0.0.1:{}: {e}", args.port)))?;
    let port = listener.local_addr().map_err(|e| Failure::infrastructure(format!("no address: {e}")))?.port();
    let door = Door::new(port).map_err(|e| Failure::infrastructure(format!("no random numbers: {e}")))?;
    let (address, once) = (door.address(), door.once());
    // Whoever reads the address may go there at once.
    let pages = Arc::new(pages);
    let served = tokio::spawn(server::serve(listener, Arc::new(door), pages.clone(), out));
    if out.json() {
        out.result(json!({"version": REPORT_VERSION, "kind": "view", "url": address, "port": port}));
    } else {
        out.result(&address);
    }
    if !args.no_open && !browser::open(&once, out) {
        out.note("no browser is known here; open the address above");
    }
    out.note("Ctrl-C ends it");
    stopped().await;
    served.abort();
    let _ = served.await;
    pages.remove();
    Ok(Exit::Done)
}

/// Waits until it is asked to end.
async fn stopped() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut ended) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = ended.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
