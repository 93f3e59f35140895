//! A collector of traces, as small as can be: it takes what is sent by OTLP over HTTP, and shows the spans.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// A collector on a free port, on a thread of its own: the program is waited for while it sends its last spans.
pub struct Collector {
    address: SocketAddr,
    messages: Receiver<Vec<u8>>,
}

impl Collector {
    pub fn start() -> Collector {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (sender, messages) = channel();
        thread::spawn(move || serve(listener, sender));
        Collector { address, messages }
    }

    /// Where it takes traces.
    pub fn url(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    /// All messages so far, as they came.
    pub fn messages(&self) -> Vec<Vec<u8>> {
        self.messages.try_iter().collect()
    }
}

fn serve(listener: std::net::TcpListener, sender: Sender<Vec<u8>>) {
    let take = async move |body: Bytes| {
        // Who does not look any more needs none.
        let _ = sender.send(body.to_vec());
        ([(CONTENT_TYPE, "application/x-protobuf")], ExportTraceServiceResponse::default().encode_to_vec())
    };
    let router = Router::new().route("/v1/traces", post(take));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("a listener");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        axum::serve(listener, router).await.expect("a server");
    });
}

/// All spans of these messages, each with the name of the service that sent it.
pub fn spans(messages: &[Vec<u8>]) -> Vec<(String, Span)> {
    let requests = messages.iter().map(|body| ExportTraceServiceRequest::decode(&body[..]).expect("a message of OTLP"));
    let of_resources = requests.flat_map(|request| request.resource_spans).map(|of_resource| {
        let resource = of_resource.resource.expect("a resource");
        let service = text(&resource.attributes, "service.name").expect("the name of a service");
        let spans = of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans);
        spans.map(|span| (service.clone(), span)).collect::<Vec<_>>()
    });
    of_resources.flatten().collect()
}

/// An attribute that is a text.
pub fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    match attribute(attributes, key)? {
        Value::StringValue(text) => Some(text),
        other => panic!("{key} is {other:?}"),
    }
}

/// An attribute that is a number.
pub fn number(attributes: &[KeyValue], key: &str) -> Option<i64> {
    match attribute(attributes, key)? {
        Value::IntValue(number) => Some(number),
        other => panic!("{key} is {other:?}"),
    }
}

fn attribute(attributes: &[KeyValue], key: &str) -> Option<Value> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    let AnyValue { value } = found.value.clone()?;
    value
}
