// A voice handler with Express and the official library, verified by its middleware, as Twilio's guide for Express shows.

const express = require('express');
const twilio = require('twilio');

const app = express();
const calls = new Map();
// Where the handler believes itself; the middleware takes the address from the request.
const here = (request) => `${request.protocol}://${request.get('host')}`;

app.get('/observe', (request, response) => {
  const known = calls.get(request.query.CallSid) || {};
  response.json({ acknowledged: known.acknowledged || 0, status: known.status || '' });
});

app.use(express.urlencoded({ extended: false }));
app.use(twilio.webhook());

const callOf = (request) => {
  const sid = request.body && request.body.CallSid || request.query.CallSid || '';
  if (!calls.has(sid)) calls.set(sid, { acknowledged: 0, status: '', tokens: new Set(), answered: false });
  return calls.get(sid);
};

const question = (request, response, message) => {
  const twiml = new twilio.twiml.VoiceResponse();
  const gather = twiml.gather({ action: `${here(request)}/keys`, numDigits: 1, timeout: 5 });
  gather.say({ language: 'en-US' }, `${message} Press one to take the alert.`);
  twiml.redirect(`${here(request)}/silence`);
  response.type('text/xml').send(twiml.toString());
};

app.all('/voice', (request, response) => {
  callOf(request).answered = true;
  question(request, response, 'The disk is full.');
});

app.post('/silence', (request, response) => question(request, response, 'Nobody has pressed a key.'));

app.post('/keys', (request, response) => {
  if (request.body.Digits !== '1') return question(request, response, 'That key means nothing.');
  const known = callOf(request);
  const token = request.get('I-Twilio-Idempotency-Token');
  if (known.answered && !known.tokens.has(token)) {
    known.tokens.add(token);
    known.acknowledged += 1;
  }
  const twiml = new twilio.twiml.VoiceResponse();
  twiml.say({ language: 'en-US' }, 'Thank you, you have taken the alert.');
  twiml.hangup();
  return response.type('text/xml').send(twiml.toString());
});

const ranks = ['', 'queued', 'initiated', 'ringing', 'in-progress', 'completed'];

app.post('/status', (request, response) => {
  const said = request.body.CallStatus || '';
  const status = ['busy', 'no-answer', 'failed', 'canceled'].includes(said) ? 'completed' : said;
  const known = callOf(request);
  if (ranks.indexOf(status) > ranks.indexOf(known.status)) known.status = status;
  response.status(204).end();
});

app.post('/fallback', (request, response) => {
  callOf(request).answered = true;
  const twiml = new twilio.twiml.VoiceResponse();
  const gather = twiml.gather({ action: `${here(request)}/keys`, numDigits: 1, timeout: 5 });
  gather.say({ language: 'en-US' }, 'There is an alert. Press one to take it.');
  twiml.say({ language: 'en-US' }, 'Goodbye.');
  twiml.hangup();
  response.type('text/xml').send(twiml.toString());
});

app.listen(Number(process.argv[2]), '127.0.0.1');
