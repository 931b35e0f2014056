//! The REST API: place, end, read and list calls; read the account.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, Path, RawQuery, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    book::Entry,
    callback::{billed_seconds, rfc2822},
    faults::{CreateFault, Fault, Occasion},
    network::Shared,
    order::Order,
    record::{CallRecord, Status},
    wire::{Exchange, Scissors},
};

const ROOT: &str = "/2010-04-01/Accounts";
const DEFAULT_PAGE: usize = 50;
const LARGEST_PAGE: usize = 1_000;

type Net = State<Arc<Shared>>;

/// Serves the API until the task is dropped.
pub(super) async fn serve(listener: TcpListener, net: Arc<Shared>) {
    let app = Router::new()
        .route(&format!("{ROOT}/{{account}}"), get(account))
        .route(
            &format!("{ROOT}/{{account}}/Calls.json"),
            get(list).post(place),
        )
        .route(
            &format!("{ROOT}/{{account}}/Calls/{{call}}"),
            get(read).post(update),
        )
        .fallback(async || not_found())
        .layer(middleware::from_fn_with_state(
            Arc::clone(&net),
            authenticated,
        ))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .with_state(net);
    let app = app.into_make_service_with_connect_info::<Scissors>();
    // It never ends: the listener waits out the errors of `accept`.
    let _ = axum::serve(Exchange(listener), app).await;
}

/// Lets only the account's own requests pass, and only to the account.
async fn authenticated(State(net): Net, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION);
    let expected = STANDARD.encode(format!("{}:{}", net.account_sid, net.auth_token));
    let known =
        given.is_some_and(|value| value.as_bytes() == format!("Basic {expected}").as_bytes());
    let own = format!("{ROOT}/{}", net.account_sid);
    let path = request.uri().path();
    if known
        && path
            .strip_prefix(&own)
            .is_some_and(|rest| rest.starts_with(['.', '/']))
    {
        return next.run(request).await;
    }
    let mut refused = refuse(StatusCode::UNAUTHORIZED, 20003, "Authenticate");
    let challenge = header::HeaderValue::from_static("Basic realm=\"Twilio API\"");
    refused
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    refused
}

async fn account(State(net): Net, Path(_account): Path<String>) -> Response {
    let sid = &net.account_sid;
    Json(json!({
        "sid": sid,
        "friendly_name": "simulated network",
        "status": "active",
        "type": "Full",
        "owner_account_sid": sid,
        "uri": format!("{ROOT}/{sid}.json"),
    }))
    .into_response()
}

async fn place(
    State(net): Net,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    body: Bytes,
) -> Response {
    let order = match Order::read(&form(&body)) {
        Ok(order) => order,
        Err((code, message)) => return refuse(StatusCode::BAD_REQUEST, code, &message),
    };
    let nth = net.book().calls_to(&order.to);
    let fault = match net.mischief.at(Occasion::Create, &order.to, nth) {
        Some(Fault::Create(fault)) => Some(fault),
        _ => None,
    };
    let error = || {
        refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            20500,
            "An internal server error has occurred",
        )
    };
    match fault {
        None => placed(&net, order),
        Some(CreateFault::ErrorBefore) => error(),
        Some(CreateFault::ErrorAfter) => {
            net.place(order);
            error()
        }
        Some(CreateFault::Throttled) => {
            refuse(StatusCode::TOO_MANY_REQUESTS, 20429, "Too many requests")
        }
        Some(CreateFault::CloseBefore) => {
            scissors.cut();
            error()
        }
        Some(CreateFault::CloseAfter) => {
            net.place(order);
            scissors.cut();
            error()
        }
    }
}

fn placed(net: &Arc<Shared>, order: Order) -> Response {
    let sid = net.place(order);
    let book = net.book();
    match book.get(&sid) {
        Some(entry) => {
            (StatusCode::CREATED, Json(resource(&net.account_sid, entry))).into_response()
        }
        None => not_found(),
    }
}

async fn read(State(net): Net, Path((_account, call)): Path<(String, String)>) -> Response {
    let book = net.book();
    match sid(&call).and_then(|sid| book.get(sid)) {
        Some(entry) => Json(resource(&net.account_sid, entry)).into_response(),
        None => not_found(),
    }
}

async fn update(
    State(net): Net,
    Path((_account, call)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let Some(sid) = sid(&call) else {
        return not_found();
    };
    let form = form(&body);
    let wanted = form
        .iter()
        .rfind(|(name, _)| name == "Status")
        .map(|(_, value)| value.as_str());
    let Some(status) = net.book().get(sid).map(|entry| entry.record.status) else {
        return not_found();
    };
    let rings = matches!(status, Status::Queued | Status::Initiated | Status::Ringing);
    let end = match wanted {
        Some("canceled" | "completed") if rings => Status::Canceled,
        Some("completed") if status == Status::InProgress => Status::Completed,
        Some("canceled" | "completed") => return over(),
        _ => {
            return refuse(
                StatusCode::BAD_REQUEST,
                20001,
                "Status must be canceled or completed",
            );
        }
    };
    if net.end(sid, end).is_none() {
        return over();
    }
    let book = net.book();
    match book.get(sid) {
        Some(entry) => Json(resource(&net.account_sid, entry)).into_response(),
        None => not_found(),
    }
}

async fn list(State(net): Net, RawQuery(query): RawQuery) -> Response {
    let query: Vec<(String, String)> = form(query.unwrap_or_default().as_bytes());
    let get = |name: &str| {
        query
            .iter()
            .rfind(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let number = |name: &str| get(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("PageSize")
        .unwrap_or(DEFAULT_PAGE)
        .clamp(1, LARGEST_PAGE);
    let page = number("Page").unwrap_or(0);
    let book = net.book();
    let mut matching = book
        .newest_first()
        .filter(|entry| get("To").is_none_or(|to| entry.record.to == to))
        .filter(|entry| get("From").is_none_or(|from| entry.record.from == from))
        .filter(|entry| get("Status").is_none_or(|status| shown(entry.record.status) == status))
        .skip(page.saturating_mul(size));
    let calls: Vec<Value> = matching
        .by_ref()
        .take(size)
        .map(|entry| resource(&net.account_sid, entry))
        .collect();
    let address = |page: usize| {
        let kept = query
            .iter()
            .filter(|(name, _)| name != "Page" && name != "PageSize");
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair("PageSize", &size.to_string())
            .append_pair("Page", &page.to_string())
            .finish();
        format!("{ROOT}/{}/Calls.json?{query}", net.account_sid)
    };
    let more = matching.next().is_some();
    Json(json!({
        "calls": calls,
        "page": page,
        "page_size": size,
        "start": page.saturating_mul(size),
        "end": page.saturating_mul(size).saturating_add(calls.len().saturating_sub(1)),
        "uri": address(page),
        "first_page_uri": address(0),
        "next_page_uri": more.then(|| address(page.saturating_add(1))),
        "previous_page_uri": page.checked_sub(1).map(address),
    }))
    .into_response()
}

/// The call resource. Numbers are strings, times RFC 2822.
fn resource(account: &str, entry: &Entry) -> Value {
    let CallRecord {
        sid,
        to,
        from,
        status,
        created,
        answered,
        ended,
        talked,
        ..
    } = &entry.record;
    let time = |at: &Option<jiff::Timestamp>| at.map(rfc2822);
    json!({
        "sid": sid,
        "account_sid": account,
        "to": to,
        "to_formatted": to,
        "from": from,
        "from_formatted": from,
        "status": shown(*status),
        "direction": "outbound-api",
        "date_created": rfc2822(*created),
        "date_updated": rfc2822(ended.or(*answered).unwrap_or(*created)),
        "start_time": time(answered),
        "end_time": time(ended),
        "duration": ended.map(|_| billed_seconds(*talked).to_string()),
        "api_version": "2010-04-01",
        "price": null,
        "price_unit": "USD",
        "answered_by": null,
        "forwarded_from": null,
        "group_sid": null,
        "caller_name": null,
        "parent_call_sid": null,
        "phone_number_sid": null,
        "trunk_sid": null,
        "queue_time": "0",
        "uri": format!("{ROOT}/{account}/Calls/{sid}.json"),
        "subresource_uris": {},
    })
}

/// `initiated` exists in callbacks only.
fn shown(status: Status) -> &'static str {
    match status {
        Status::Initiated => Status::Queued.as_str(),
        status => status.as_str(),
    }
}

fn sid(file: &str) -> Option<&str> {
    file.strip_suffix(".json")
}

fn form(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

fn not_found() -> Response {
    refuse(
        StatusCode::NOT_FOUND,
        20404,
        "The requested resource was not found",
    )
}

fn over() -> Response {
    refuse(
        StatusCode::BAD_REQUEST,
        21220,
        "Call is not in-progress. Cannot redirect.",
    )
}

/// An error as version 2010-04-01 writes it.
fn refuse(status: StatusCode, code: u32, message: &str) -> Response {
    let body = json!({
        "code": code,
        "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status.as_u16(),
    });
    (status, Json(body)).into_response()
}
