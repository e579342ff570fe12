//! Messages to phones (短信) through a gateway that takes them by HTTP. What a gateway wants to hear is its own: the
//! settings hold the body as a template, and where its answer says that it has taken the message — most gateways
//! answer 200 to everything and put what happened into the body.

use std::sync::Arc;

use linli_household::claims::{Message, ProofId, TextMessages};
use linli_kernel::{Error, Result, export::uuid::Uuid};
use linli_store::worker::PERMANENT;
use linli_web::outward::{self, Answer, Call, Reach};
use serde::Deserialize;
use serde_json::Value;

/// A gateway for messages to phones.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Where messages are posted.
    pub url: String,
    /// What is posted, with `{phone}`, `{digits}`, `{id}` and `{key}` in it: JSON if it begins with a brace, else a form.
    pub body: String,
    /// Further headers, `Name: value`, with the same words in braces.
    #[serde(default)]
    pub headers: Vec<String>,
    /// The gateway's key, for `{key}`. Env `LINLI_TEXTING_KEY`.
    #[serde(default)]
    pub key: String,
    /// Where the answer says that the message was taken; without it HTTP 2xx is enough.
    pub taken: Option<Taken>,
}

/// A place in a JSON answer and what stands there when all is well.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// A JSON pointer: `/code`.
    pub at: String,
    /// What stands there: `0`, `"OK"`.
    pub is: Value,
}

/// How a word is written where it is put.
#[derive(Clone, Copy)]
enum Place {
    Json,
    Form,
    Header,
}

fn escaped(word: &str, place: Place) -> String {
    match place {
        Place::Json => {
            let quoted = Value::from(word).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        Place::Form => form_urlencoded::byte_serialize(word.as_bytes()).collect(),
        Place::Header => word.to_owned(),
    }
}

impl Gateway {
    fn place(&self) -> Place {
        if self.body.trim_start().starts_with('{') { Place::Json } else { Place::Form }
    }

    /// One pass over the template: a word in braces that comes from a message is never read as a template again.
    fn filled(&self, template: &str, message: &Message, place: Place) -> String {
        let id = message.id.to_string();
        let words = [("phone", &message.phone), ("digits", &message.digits), ("id", &id), ("key", &self.key)];
        let mut text = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            text.push_str(before);
            let found = words.iter().find_map(|(name, word)| {
                let rest = from.strip_prefix('{')?.strip_prefix(name)?.strip_prefix('}')?;
                Some((word, rest))
            });
            if let Some((word, after)) = found {
                text.push_str(&escaped(word, place));
                rest = after;
            } else {
                text.push('{');
                rest = &from[1..];
            }
        }
        text.push_str(rest);
        text
    }

    fn call(&self, message: &Message) -> Call {
        let place = self.place();
        let kind = match place {
            Place::Json => "application/json; charset=utf-8",
            Place::Form | Place::Header => "application/x-www-form-urlencoded",
        };
        let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
        headers.extend(self.headers.iter().filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_owned(), self.filled(value.trim(), message, Place::Header)))
        }));
        Call { url: self.url.clone(), headers, body: self.filled(&self.body, message, place) }
    }

    /// Whether the answer says that the message was taken.
    fn took(&self, said: &[u8]) -> bool {
        self.taken.as_ref().is_none_or(|taken| {
            let said: Option<Value> = serde_json::from_slice(said).ok();
            said.as_ref().and_then(|said| said.pointer(&taken.at)) == Some(&taken.is)
        })
    }

    /// Hands a message over. What a gateway refuses by its HTTP status is not tried again; where its body says no,
    /// it is, until the digits count no more.
    async fn tell(&self, reach: &Reach, message: &Message) -> Result<()> {
        let (answer, said) = outward::send(reach, self.call(message)).await?;
        match answer {
            Answer::Delivered(_) if self.took(&said) => Ok(()),
            // Not what it said: some gateways repeat the phone.
            Answer::Delivered(_) => Err(Error::internal("the gateway did not take the message")),
            Answer::Later(_, why) => Err(Error::internal(why)),
            Answer::Refused(_, why) => {
                tracing::warn!(%why, "the gateway refused a message");
                Err(Error::Conflict(PERMANENT))
            }
        }
    }

    /// What is wrong with the settings.
    pub fn check(&self, reach: &Reach) -> std::result::Result<(), String> {
        if !reach.allows_url(&self.url) {
            return Err(format!(
                "texting.url: “{}” is neither https nor in a range that webhooks.private names",
                self.url
            ));
        }
        for word in ["{phone}", "{digits}"] {
            if !self.body.contains(word) {
                return Err(format!("texting.body: {word} is missing: nobody would get their digits"));
            }
        }
        let own = Message { phone: "13800000000".into(), digits: "000000".into(), id: ProofId(Uuid::nil()) };
        let filled = self.filled(&self.body, &own, self.place());
        if matches!(self.place(), Place::Json)
            && let Err(error) = serde_json::from_str::<Value>(&filled)
        {
            return Err(format!("texting.body: no JSON once it is filled in: {error}"));
        }
        for line in &self.headers {
            if line.split_once(':').is_none_or(|(name, _)| name.trim().is_empty()) {
                return Err(format!("texting.headers: “{line}” is not “Name: value”"));
            }
        }
        let wants_key = |text: &String| text.contains("{key}");
        if self.key.is_empty() && (wants_key(&self.body) || self.headers.iter().any(wants_key)) {
            return Err("texting.key: {key} is asked for and LINLI_TEXTING_KEY is empty".into());
        }
        if let Some(taken) = self.taken.as_ref().filter(|taken| !taken.at.starts_with('/')) {
            return Err(format!("texting.taken.at: “{}” is no JSON pointer like /code", taken.at));
        }
        Ok(())
    }

    /// The channel that this gateway is.
    pub fn channel(self, reach: Reach) -> TextMessages {
        let own = Arc::new((self, reach));
        TextMessages(Box::new(move |message| {
            let own = own.clone();
            Box::pin(async move { own.0.tell(&own.1, &message).await })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(body: &str) -> Gateway {
        Gateway {
            url: "https://sms.example.cn/send".into(),
            body: body.into(),
            headers: vec!["Authorization: Bearer {key}".into()],
            key: "s{id}\"e".into(),
            taken: Some(Taken { at: "/code".into(), is: Value::from(0) }),
        }
    }

    fn message() -> Message {
        Message { phone: "+86 138".into(), digits: "012345".into(), id: ProofId(Uuid::nil()) }
    }

    #[test]
    fn words_are_written_as_their_place_wants() {
        let json = gateway("{\"to\": \"{phone}\", \"args\": [\"{digits}\"], \"k\": \"{key}\", \"x\": {}}");
        let call = json.call(&message());
        let body: Value = serde_json::from_str(&call.body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({ "to": "+86 138", "args": ["012345"], "k": "s{id}\"e", "x": {} })
        );
        assert_eq!(call.headers[1], ("Authorization".to_owned(), "Bearer s{id}\"e".to_owned()));
        let form = gateway("mobile={phone}&code={digits}").call(&message());
        assert_eq!(form.body, "mobile=%2B86+138&code=012345");
        assert!(form.headers[0].1.contains("urlencoded"));
    }

    #[test]
    fn the_body_says_whether_it_was_taken() {
        let gateway = gateway("{phone}{digits}");
        assert!(gateway.took(b"{\"code\":0}"));
        for other in ["{\"code\":1}", "{\"code\":\"0\"}", "{}", "<html>", ""] {
            assert!(!gateway.took(other.as_bytes()), "{other}");
        }
    }

    #[tokio::test]
    async fn a_gateway_takes_refuses_or_is_away() {
        use axum::{Router, body::Bytes, http::StatusCode, routing::post};
        use std::sync::Mutex;
        let heard: Arc<Mutex<Vec<Value>>> = Arc::default();
        let answers = Arc::new(Mutex::new(vec![
            (StatusCode::OK, r#"{"code":0}"#),
            (StatusCode::NOT_FOUND, ""),
            (StatusCode::SERVICE_UNAVAILABLE, ""),
            (StatusCode::OK, r#"{"code":7,"msg":"busy"}"#),
        ]));
        let kept = heard.clone();
        let take = move |body: Bytes| async move {
            kept.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            answers.lock().unwrap().pop().unwrap()
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/send", listener.local_addr().unwrap());
        tokio::spawn(async move {
            axum::serve(listener, Router::new().route("/send", post(take))).await.unwrap();
        });
        let gateway =
            Gateway { url, ..gateway("{\"to\": \"{phone}\", \"digits\": \"{digits}\", \"id\": \"{id}\"}") };
        let reach = Reach::this_machine();
        let (mut again, mut never) = (0, 0);
        for _ in 0..3 {
            match gateway.tell(&reach, &message()).await {
                Err(Error::Conflict(PERMANENT)) => never += 1,
                Err(_) => again += 1,
                Ok(()) => panic!("it said no"),
            }
        }
        assert_eq!((again, never), (2, 1), "busy, away, and refused for good");
        gateway.tell(&reach, &message()).await.unwrap();
        let heard = heard.lock().unwrap();
        assert!(
            heard.len() == 4
                && heard.iter().all(|one| one["digits"] == "012345" && one["id"] == heard[0]["id"])
        );
    }

    #[test]
    fn settings_that_would_reach_nobody_are_refused() {
        let good = gateway("{\"to\":\"{phone}\",\"c\":\"{digits}\"}");
        good.check(&Reach::default()).unwrap();
        let wrong = |change: &dyn Fn(&mut Gateway), key: &str| {
            let mut gateway = good.clone();
            change(&mut gateway);
            let error = gateway.check(&Reach::default()).unwrap_err();
            assert!(error.contains(key), "{error}");
        };
        wrong(&|g| g.url = "http://10.0.0.1/".into(), "texting.url");
        wrong(&|g| g.body = "{\"to\":\"{phone}\"}".into(), "texting.body");
        wrong(&|g| g.body = "{\"to\":{phone},\"c\":\"{digits}\"".into(), "texting.body");
        wrong(&|g| g.headers = vec!["Authorization".into()], "texting.headers");
        wrong(&|g| g.key.clear(), "texting.key");
        wrong(&|g| g.taken = Some(Taken { at: "code".into(), is: Value::from(0) }), "texting.taken.at");
    }
}
