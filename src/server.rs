//! HTTP: ingest, provider webhooks, health. Takes no decisions.
