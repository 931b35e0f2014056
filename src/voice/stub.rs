//! stub
use super::{CallLinks,TemplateTexts};
use crate::{escalation::*,alert::*,roster::*};
#[allow(missing_docs)]
pub struct Context<'a>{pub headline:&'a Headline,pub counts:Counts,pub member:&'a MemberName,pub group:&'a GroupName,pub language:Language,pub stage:u16,pub allow_close:bool,pub links:&'a CallLinks}
#[allow(missing_docs)]
pub struct Voice;
#[allow(missing_docs)]
pub struct Rendered{pub twiml:String,pub warnings:Vec<String>}
impl Voice{
#[allow(missing_docs)]
pub fn new(_t:TemplateTexts)->Self{Self}
#[allow(missing_docs)]
pub fn answer(&self,c:&Context,l:&Line)->Rendered{
 let twiml=if l.asks_for_key(){format!("<Response><Gather numDigits=\"1\" timeout=\"5\" action=\"{}\"><Say>{}</Say></Gather><Redirect>{}</Redirect></Response>",c.links.keys(c.stage).replace('&',"&amp;"),c.headline.title,c.links.silence(c.stage).replace('&',"&amp;"))}else{format!("<Response><Say>{l:?}</Say><Hangup/></Response>").replace("\"","")};
 Rendered{twiml,warnings:vec![]}}}
