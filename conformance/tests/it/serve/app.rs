//! The application that is called back: wiremock, which is all that a well-behaved web server has to be.

use tokio::runtime::Runtime;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, path},
};

/// An application with a page for each place.
pub(crate) struct App {
    runtime: Runtime,
    server: MockServer,
}

impl App {
    /// Answers 204 to everything but these paths, which have TwiML.
    pub(crate) fn with(pages: &[(&str, &str)]) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let server = runtime.block_on(async {
            let server = MockServer::builder().start().await;
            for (place, twiml) in pages {
                let page = ResponseTemplate::new(200).set_body_raw(twiml.as_bytes(), "text/xml");
                Mock::given(path(*place))
                    .respond_with(page)
                    .mount(&server)
                    .await;
            }
            let others = Mock::given(any()).respond_with(ResponseTemplate::new(204));
            others.with_priority(9).mount(&server).await;
            server
        });
        Self { runtime, server }
    }

    /// Has a path answer with this status, before anything else.
    pub(crate) fn fail(self, place: &str, status: u16) -> Self {
        let failing = Mock::given(path(place)).respond_with(ResponseTemplate::new(status));
        self.runtime
            .block_on(failing.with_priority(1).mount(&self.server));
        self
    }

    pub(crate) fn url(&self, place: &str) -> String {
        format!("{}{place}", self.server.uri())
    }

    /// What came so far: path and form, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        let requests = self.runtime.block_on(self.server.received_requests());
        let requests = requests.expect("they are recorded").into_iter();
        requests.map(|request| Seen(Box::new(request))).collect()
    }

    /// The requests for one path.
    pub(crate) fn at(&self, place: &str) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|it| it.0.url.path() == place);
        seen
    }
}

/// A request that came.
#[derive(Debug)]
pub(crate) struct Seen(Box<Request>);

impl Seen {
    /// A parameter of its form or its query.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let form = form_urlencoded::parse(&self.0.body).chain(self.0.url.query_pairs());
        let mut named = form.filter(|(key, _)| key == name);
        named.next().map(|(_, value)| value.into_owned())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn path(&self) -> &str {
        self.0.url.path()
    }

    pub(crate) fn method(&self) -> &str {
        self.0.method.as_str()
    }
}
