//! Before and after: the event, its users, and whether everything that was acknowledged is there, and no more.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::Method;
use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::connection::{Answer, Connection, bearer};
use crate::error::LoadError;
use crate::overload::arguments::Mode;
use crate::overload::crowd::{Acknowledged, User};
use crate::overload::visit::{MEMBERS, PASSWORD, login_of, member_name};
use crate::program::ADMIN_TOKEN;
use crate::sale::{CAPACITY, Offering};

/// The event of every run: its server has no other one.
pub const EVENT: &str = "rush";
/// How many connections prepare and check.
const AT_ONCE: usize = 32;
/// The longest page of a list.
const PAGE: usize = 200;

/// Puts the event on sale, and logs `count` users in.
pub async fn prepare(address: SocketAddr, mode: Mode, count: u32) -> Result<Vec<User>, LoadError> {
    let admin = bearer(ADMIN_TOKEN)?;
    let mut connection = Connection::open(address).await?;
    Offering::new(EVENT).put_on_sale(&mut connection, &admin).await?;
    match mode {
        Mode::Open => log_in(address, count).await,
        Mode::Accounts => sign_up(&mut connection).await,
    }
}

/// Compares the server's figures and all users' bookings with what was acknowledged. Returns the sentence to print.
pub async fn check(address: SocketAddr, acknowledged: Acknowledged, unknown: u64) -> Result<String, LoadError> {
    let admin = bearer(ADMIN_TOKEN)?;
    let mut connection = Connection::open(address).await?;
    let path = format!("/v1/admin/events/{EVENT}");
    let shown = connection.send(Method::GET, &path, Some(&admin), None, Bytes::new()).await?.json()?;
    let figure = |name: &str| shown[name].as_u64().unwrap_or_default();
    let [capacity, available, held, booked] = ["capacity", "available", "held", "booked"].map(figure);
    let Acknowledged { held: taken, confirmed, users } = acknowledged;
    if capacity != CAPACITY || available + held + booked != capacity {
        return Err(LoadError::new(format!("oversold: {available} free, {held} held, {booked} booked of {CAPACITY}")));
    }
    // An answer that never came may have been either.
    if !(taken..=taken + unknown).contains(&(held + booked)) || !(confirmed..=confirmed + unknown).contains(&booked) {
        return Err(LoadError::new(format!(
            "{booked} booked and {held} held, but {taken} holds and {confirmed} confirmations were acknowledged"
        )));
    }
    let seen = find_bookings(address, users).await?;
    Ok(format!(
        "Ledger: {confirmed} confirmations were acknowledged, {booked} bookings counted, {seen} found one by one; {held} \
         still held; {available} + {held} + {booked} = {capacity}: nothing lost, nothing oversold."
    ))
}

async fn log_in(address: SocketAddr, count: u32) -> Result<Vec<User>, LoadError> {
    let mut tasks = JoinSet::new();
    for first in 0..AT_ONCE as u32 {
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut users = Vec::new();
            for number in (first..count).step_by(AT_ONCE) {
                let body = json!({ "user": format!("buyer-{number}"), "intents": [] }).to_string();
                let login = connection.send(Method::POST, "/v1/sessions", None, None, body.into()).await?.json()?;
                users.push(user_of(&login)?);
            }
            Ok(users)
        });
    }
    let users: Result<Vec<Vec<User>>, LoadError> = tasks.join_all().await.into_iter().collect();
    Ok(users?.into_iter().flatten().collect())
}

/// Makes the accounts, and logs half of them in once: those are the buyers.
async fn sign_up(connection: &mut Connection) -> Result<Vec<User>, LoadError> {
    let mut users = Vec::new();
    for member in 0..2 * MEMBERS {
        let account = json!({ "user": member_name(member), "password": PASSWORD });
        connection.send(Method::POST, "/v1/accounts", None, None, account.to_string().into()).await?.json()?;
        if member >= MEMBERS {
            continue;
        }
        let login = login_of(member).to_string().into();
        let login = connection.send(Method::POST, "/v1/sessions", None, None, login).await?.json()?;
        users.push(user_of(&login)?);
    }
    Ok(users)
}

fn user_of(login: &Value) -> Result<User, LoadError> {
    let token = login["token"].as_str().ok_or_else(|| LoadError::new("a login has no token"))?;
    Ok(User { credential: bearer(token)?, bookings: Vec::new() })
}

/// Looks for every booking that was acknowledged. Returns how many there are.
async fn find_bookings(address: SocketAddr, users: Vec<User>) -> Result<usize, LoadError> {
    let users = Arc::new(Mutex::new(users));
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let users = Arc::clone(&users);
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut seen = 0;
            loop {
                let next = users.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some(user) = next else { return Ok(seen) };
                let found = bookings_of(&mut connection, &user).await?;
                if let Some(lost) = user.bookings.iter().find(|number| !found.contains(number)) {
                    return Err(LoadError::new(format!("the booking {EVENT}.{lost} was acknowledged and is lost")));
                }
                seen += found.len();
            }
        });
    }
    let seen: Result<Vec<usize>, LoadError> = tasks.join_all().await.into_iter().collect();
    Ok(seen?.iter().sum())
}

/// Looks, and comes back when it is told to: the last load may not be over yet.
#[expect(clippy::disallowed_methods, reason = "a client that is told to wait waits")]
async fn look(connection: &mut Connection, path: &str, user: &User) -> Result<Answer, LoadError> {
    loop {
        let answer = connection.send(Method::GET, path, Some(&user.credential), None, Bytes::new()).await?;
        match answer.retry_after {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => return Ok(answer),
        }
    }
}

async fn bookings_of(connection: &mut Connection, user: &User) -> Result<BTreeSet<u32>, LoadError> {
    let mut found = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/bookings?limit={PAGE}{cursor}");
        let page = look(connection, &path, user).await?.json()?;
        let ids = page["items"].as_array().into_iter().flatten().filter_map(|item| item["id"].as_str());
        found.extend(ids.filter_map(|id| id.rsplit_once('.')?.1.parse::<u32>().ok()));
        let Some(next) = page["next_cursor"].as_str() else { return Ok(found) };
        cursor = format!("&cursor={next}");
    }
}
