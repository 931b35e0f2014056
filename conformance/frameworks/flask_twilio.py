"""A voice handler with Flask and the official library, verified as Twilio's guide for Flask shows: a decorator that hands request.url,
request.form and the header to RequestValidator."""

import os
import sys
import threading
from functools import wraps

from flask import Flask, Response, abort, jsonify, request
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Gather, VoiceResponse

app = Flask(__name__)
validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
calls = {}
lock = threading.Lock()


def validate_twilio_request(f):
    @wraps(f)
    def decorated(*args, **kwargs):
        signature = request.headers.get("X-TWILIO-SIGNATURE", "")
        if not validator.validate(request.url, request.form, signature):
            return abort(403)
        return f(*args, **kwargs)

    return decorated


def call():
    sid = request.values.get("CallSid", "")
    return calls.setdefault(sid, {"acknowledged": 0, "status": "", "tokens": set(), "answered": False})


def question(message):
    response = VoiceResponse()
    gather = Gather(action=request.host_url + "keys", num_digits=1, timeout=5)
    gather.say(message + " Press one to take the alert.", language="en-US")
    response.append(gather)
    response.redirect(request.host_url + "silence")
    return Response(str(response), mimetype="text/xml")


@app.route("/voice", methods=["GET", "POST"], strict_slashes=False)
@validate_twilio_request
def voice():
    with lock:
        call()["answered"] = True
    return question("The disk is full.")


@app.route("/silence", methods=["POST"])
@validate_twilio_request
def silence():
    return question("Nobody has pressed a key.")


@app.route("/keys", methods=["POST"])
@validate_twilio_request
def keys():
    if request.form.get("Digits") != "1":
        return question("That key means nothing.")
    token = request.headers.get("I-Twilio-Idempotency-Token")
    with lock:
        known = call()
        if known["answered"] and token not in known["tokens"]:
            known["tokens"].add(token)
            known["acknowledged"] += 1
    response = VoiceResponse()
    response.say("Thank you, you have taken the alert.", language="en-US")
    response.hangup()
    return Response(str(response), mimetype="text/xml")


RANKS = ["", "queued", "initiated", "ringing", "in-progress", "completed"]


@app.route("/status", methods=["POST"])
@validate_twilio_request
def status():
    said = request.form.get("CallStatus", "")
    said = "completed" if said in ("busy", "no-answer", "failed", "canceled") else said
    with lock:
        known = call()
        if said in RANKS and RANKS.index(said) > RANKS.index(known["status"]):
            known["status"] = said
    return "", 204


@app.route("/fallback", methods=["POST"])
@validate_twilio_request
def fallback():
    with lock:
        call()["answered"] = True
    response = VoiceResponse()
    gather = Gather(action=request.host_url + "keys", num_digits=1, timeout=5)
    gather.say("There is an alert. Press one to take it.", language="en-US")
    response.append(gather)
    response.say("Goodbye.", language="en-US")
    response.hangup()
    return Response(str(response), mimetype="text/xml")


@app.route("/observe")
def observe():
    with lock:
        known = calls.get(request.args.get("CallSid"), {})
        return jsonify(acknowledged=known.get("acknowledged", 0), status=known.get("status", ""))


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]), threaded=True)
