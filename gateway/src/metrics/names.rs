//! The names of what the gateway counts, each with its kind, its unit and what it means. The engine's are in
//! `holdfast_engine::metrics::names`; docs/metrics.md is written from both. No label ever holds a person, a hold or a
//! session.

holdfast_engine::metric_catalogue! {
    READINESS: gauge "holdfast_readiness" by "state" =>
        "1 for the state that the server is in, 0 for the others; what /readyz says.";
    HTTP_REQUESTS: counter "holdfast_http_requests_total" by "method", "path", "status" =>
        "Requests that were answered, by method, path of the description, and status.";
    HTTP_REQUEST_SECONDS: histogram "holdfast_http_request_seconds" in seconds by "method", "path" =>
        "From when the head of a request was there until the head of its answer left.";
    HTTP_CONNECTIONS: gauge "holdfast_http_connections" =>
        "Open connections of HTTP clients.";
    HTTP_CONNECTIONS_REFUSED: counter "holdfast_http_connections_refused_total" by "reason" =>
        "Connections refused because there were too many, by of what.";
    REQUESTS_UNDER_WAY: gauge "holdfast_requests_under_way" =>
        "Requests that were let in and have no answer yet.";
    ADMISSION_LIMIT: gauge "holdfast_admission_limit" =>
        "The most requests under way that are let in now.";
    REFUSAL_DELAY_SECONDS: gauge "holdfast_refusal_delay_seconds" in seconds =>
        "How long refusals are kept back now.";
    REQUESTS_REFUSED: counter "holdfast_requests_refused_total" by "class" =>
        "Requests that were refused at the door, by class.";
    STREAMS: gauge "holdfast_streams" by "kind" =>
        "Streams that are open, by kind.";
    STREAMS_REFUSED: counter "holdfast_streams_refused_total" by "reason" =>
        "Streams that were refused, by reason.";
    STREAMS_ENDED: counter "holdfast_streams_ended_total" by "reason" =>
        "Streams that ended, by reason.";
    STREAM_MESSAGES: counter "holdfast_stream_messages_total" by "kind" =>
        "Messages that were handed to connections, by kind of stream.";
    RATE_LIMITED: counter "holdfast_rate_limited_total" by "limit" =>
        "Requests refused because their caller asks too often, by limit.";
    ADMIN_FAILURES: counter "holdfast_admin_failures_total" =>
        "Requests to the admin API with a token that opens nothing.";
    ADMIN_LOCKOUTS: counter "holdfast_admin_lockouts_total" =>
        "Networks locked out of the admin API for too many wrong tokens.";
    FILE_REREAD_FAILURES: counter "holdfast_file_reread_failures_total" by "file" =>
        "Changed files that could not be used, by kind of file; what was read before stays in force.";
    LOG_LINES: counter "holdfast_log_lines_total" by "level" =>
        "Lines of the log that an operator should look at, by how important they are.";
    EVENT_CAPACITY: gauge "holdfast_event_capacity_tickets" by "event" =>
        "All tickets of an event. Events beyond metrics.events_max, and those that are over, are summed as \"(other)\".";
    EVENT_TICKETS: gauge "holdfast_event_tickets" by "event", "state" =>
        "Tickets of an event, by state.";
    EVENT_WAITING: gauge "holdfast_event_waiting_users" by "event" =>
        "Users in the lines of an event.";
    BUILD_INFO: gauge "holdfast_build_info" by "version", "profile" =>
        "1, and what runs here.";
    RUNTIME_WORKERS: gauge "holdfast_runtime_workers" =>
        "Threads that serve HTTP.";
    RUNTIME_TASKS: gauge "holdfast_runtime_tasks" =>
        "Tasks of the HTTP side that are alive.";
    RUNTIME_QUEUED_TASKS: gauge "holdfast_runtime_queued_tasks" =>
        "Tasks that wait in the queue which all these threads share.";
    RUNTIME_BUSY_SECONDS: counter "holdfast_runtime_busy_seconds_total" in seconds =>
        "How long these threads were at work, in whole seconds.";
}
