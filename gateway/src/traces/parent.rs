//! The trace that a caller has begun, as W3C Trace Context says it.

use std::net::SocketAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

const TRACEPARENT: &str = "traceparent";
/// How long a header of version 00 is. A later version may go on after a hyphen.
const LENGTH: usize = 55;

/// The span that the request belongs to, if its caller says so and is believed: a trusted proxy, or a program on this machine.
/// Others would join their requests to traces that are not theirs, and decide what is traced.
pub(super) fn parent(peer: SocketAddr, headers: &HeaderMap, trusted_proxies: &[IpNet]) -> Option<SpanContext> {
    let mut given = headers.get_all(TRACEPARENT).iter();
    let header = given.next()?;
    let address = peer.ip().to_canonical();
    let is_believed = address.is_loopback() || trusted_proxies.iter().any(|network| network.contains(&address));
    if !is_believed || given.next().is_some() {
        return None;
    }
    parse(header.as_bytes())
}

/// Version, trace, span and flags: `00-` 32 digits `-` 16 digits `-` 2 digits, hexadecimal in small letters. `tracestate`
/// is not looked at: nothing is passed on.
fn parse(header: &[u8]) -> Option<SpanContext> {
    let (known, rest) = (header.get(..LENGTH)?, &header[LENGTH..]);
    let known = std::str::from_utf8(known).ok()?;
    let fields: Vec<&str> = known.split('-').collect();
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let [version, trace, span, flags] = fields[..] else { return None };
    let lengths = [version, trace, span, flags].map(str::len);
    if lengths != [2, 32, 16, 2] || !fields.iter().all(|field| field.bytes().all(is_hex)) {
        return None;
    }
    let is_whole = if version == "00" { rest.is_empty() } else { rest.first().is_none_or(|byte| *byte == b'-') };
    if version == "ff" || !is_whole {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    Some(SpanContext::new(trace, span, flags, true, TraceState::default())).filter(SpanContext::is_valid)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn parsed(header: &str) -> Option<String> {
        let context = parse(header.as_bytes())?;
        let sampled = if context.is_sampled() { "sampled" } else { "not sampled" };
        Some(format!("{} {} {sampled}", context.trace_id(), context.span_id()))
    }

    #[test]
    fn a_header_is_read_strictly() {
        let whole = |flags: &str| format!("00-{TRACE}-00f067aa0ba902b7-{flags}");
        let told = |sampled: &str| Some(format!("{TRACE} 00f067aa0ba902b7 {sampled}"));
        assert_eq!(parsed(&whole("01")), told("sampled"));
        assert_eq!(parsed(&whole("00")), told("not sampled"));
        assert_eq!(parsed(&whole("03")), told("sampled"), "flags that are not known count for nothing");
        assert_eq!(parsed(&format!("01-{TRACE}-00f067aa0ba902b7-01-more")), told("sampled"));
        let broken = [
            String::new(),
            whole("1"),
            whole("0x"),
            whole("+1"),
            whole("01-more"),
            whole("01x"),
            whole("01").to_uppercase(),
            whole("01").replace('-', "_"),
            whole("01").replacen("00", "ff", 1),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{TRACE}0-0f067aa0ba902b7-01"),
            format!("00-{}é-00f067aa0ba902b7-01", &TRACE[..30]),
        ];
        for header in broken {
            assert_eq!(parsed(&header), None, "{header}");
        }
    }

    #[test]
    fn only_this_machine_and_trusted_proxies_are_believed() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().expect("a network")];
        let header = HeaderValue::try_from(format!("00-{TRACE}-00f067aa0ba902b7-01")).expect("a header");
        let mut headers = HeaderMap::from_iter([(TRACEPARENT.parse().expect("a name"), header.clone())]);
        let is_believed =
            |headers: &HeaderMap, peer: &str| parent(peer.parse().expect("an address"), headers, &trusted).is_some();
        for (peer, expected) in [
            ("127.0.0.1:5", true),
            ("[::1]:5", true),
            ("[::ffff:127.0.0.1]:5", true),
            ("10.1.2.3:5", true),
            ("[::ffff:10.1.2.3]:5", true),
            ("192.0.2.1:5", false),
            ("[2001:db8::1]:5", false),
        ] {
            assert_eq!(is_believed(&headers, peer), expected, "{peer}");
        }
        headers.append(TRACEPARENT, header);
        assert!(!is_believed(&headers, "127.0.0.1:5"), "two parents are none");
    }
}
