//! Whoever runs the sale: by the admin API, or by the engine itself.

use std::sync::Arc;

use holdfast_engine::core::event::Figures;
use holdfast_engine::core::id::Slug;
use holdfast_engine::core::settings::Settings;
use holdfast_engine::engine::Engine;
use hyper::Method;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use serde_json::Value;

use crate::connection::Connection;
use crate::error::LoadError;
use crate::sale::{HOLD_SECONDS, MAX_PER_USER, Offering, QUEUE_MAX};
use crate::venue::{new_event, slug};

/// Who creates events, and sees all of their figures.
pub enum Organiser {
    /// By the admin API.
    Http(Connection, HeaderValue),
    /// By the engine itself.
    Engine(Arc<Engine>),
}

impl Organiser {
    /// Puts an event on sale.
    ///
    /// # Errors
    ///
    /// It was refused, or there is no answer.
    pub async fn put_on_sale(&mut self, offering: &Offering) -> Result<(), LoadError> {
        match self {
            Organiser::Http(connection, admin) => offering.put_on_sale(connection, admin).await,
            Organiser::Engine(engine) => {
                let kinds: Vec<_> = offering.ticket_types.iter().map(|(id, count)| (*id, *count as u32)).collect();
                let created =
                    engine.create_event("bench", None, new_event(&slug(&offering.event), settings(offering), &kinds));
                let reply = created.await.map_err(|error| LoadError::new(error.to_string()))?;
                reply.answer.map(drop).map_err(|refusal| LoadError::new(format!("an event was refused: {refusal:?}")))
            }
        }
    }

    /// An event's figures, type by type.
    ///
    /// # Errors
    ///
    /// There is no such event, or no answer.
    pub async fn figures(&mut self, event: &Slug) -> Result<Vec<Figures>, LoadError> {
        match self {
            Organiser::Http(connection, admin) => {
                let path = format!("/v1/admin/events/{event}");
                let shown = connection.send(Method::GET, &path, Some(admin), None, Bytes::new()).await?.json()?;
                let types = shown["ticket_types"].as_array().ok_or_else(|| LoadError::new("an event has no types"))?;
                let all: Option<Vec<Figures>> = types.iter().map(figures_of).collect();
                all.ok_or_else(|| LoadError::new(format!("figures are missing in {shown}")))
            }
            Organiser::Engine(engine) => {
                let view = engine.event(event).ok_or_else(|| LoadError::new(format!("there is no event {event}")))?;
                Ok(view.figures.to_vec())
            }
        }
    }
}

/// The figures of a ticket type as the API shows it.
fn figures_of(shown: &Value) -> Option<Figures> {
    let figure = |name: &str| shown[name].as_u64().map(|figure| figure as u32);
    Some(Figures {
        capacity: figure("capacity")?,
        available: figure("available")?,
        held: figure("held")?,
        booked: figure("booked")?,
        waiting: figure("waiting")?,
    })
}

/// The settings that [`Offering::put_on_sale`] gives by the API.
fn settings(offering: &Offering) -> Settings {
    Settings {
        auto_hold: 0,
        hold_seconds: offering.hold_seconds,
        max_hold_lifetime_seconds: HOLD_SECONDS,
        max_per_hold: 1,
        max_per_user: MAX_PER_USER,
        queue_max: QUEUE_MAX,
        presence_seconds: 0,
        ..Settings::default()
    }
}
