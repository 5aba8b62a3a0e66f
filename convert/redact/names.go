package redact

// The table of names. A name is the end of a key, such as token of
// "access_token": keys are compared without case and without the signs between
// their words. The quick check and the documentation are made from this table.

// A place is a bit for each kind of place where a name announces a secret.
type place uint8

const (
	structured place = 1 << iota // a key in quotes, or of an Erlang term, an XML element, a form's field
	assigned                     // key=value
	headed                       // key: value
	queried                      // a parameter of a URL's query
	optioned                     // -key value, as an option of a command

	everywhere = structured | assigned | headed | queried | optioned
)

// A form is what it takes, behind a name, to be a secret.
type form uint8

const (
	anything   form = iota
	random          // behind a colon and without quotes: long, or made of digits and letters
	header          // behind a colon: all of the header
	text            // in quotes
	hexDigits       // 32 or more hexadecimal digits, as a digest is written
	everything      // whatever it is, as one
	method          // in quotes, and no name of a method
	oneTime         // but for a version
)

// A name is one row of the table.
type name struct {
	word   string // a hyphen is where signs between words may stand
	places place
	form   form

	whole  bool // the key is the name and nothing else
	plain  bool // so it is, in small letters and without signs: Sora's session_id is none
	begins bool // the name begins a word: guest_pin and guestPin, but not spin
	told   bool // the key needs one of the telling words before the name
	pexip  bool // in Pexip's lines only
}

var names = []name{
	{word: "passwd", places: everywhere},
	{word: "pass-word", places: everywhere},
	{word: "pass-phrase", places: everywhere},
	{word: "pass-code", places: everywhere},
	{word: "pwd", places: everywhere},
	{word: "pw", places: everywhere, begins: true},
	{word: "secret", places: everywhere},
	{word: "credential", places: everywhere},
	{word: "token", places: everywhere, form: random},
	{word: "authorization", places: everywhere, form: header},
	{word: "cookie", places: everywhere, form: header},
	{word: "key", places: everywhere, told: true, form: random},
	{word: "signature", places: everywhere, told: true, form: random},
	{word: "sessid", places: everywhere, form: random},
	{word: "jsessionid", places: everywhere, form: random},
	{word: "sessionid", places: structured | assigned | headed | queried, plain: true, form: random},
	{word: "pin", places: structured | queried, begins: true},
	{word: "pin", places: everywhere, begins: true, pexip: true},
	{word: "pin", places: optioned, whole: true},
	{word: "pin-code", places: everywhere},
	{word: "pass", places: structured, begins: true, form: text},
	{word: "pass", places: optioned, whole: true},
	{word: "jwt", places: everywhere, begins: true, form: random},
	{word: "otp", places: structured | assigned | headed | queried, whole: true, form: oneTime},
	{word: "totp", places: structured | assigned | headed | queried, whole: true, form: oneTime},
	{word: "bearer", places: structured, whole: true, form: text},
	{word: "basic-auth", places: structured, form: text},
	{word: "code-verifier", places: everywhere},
	{word: "code", places: queried, whole: true},
	{word: "key", places: queried, whole: true},
	{word: "sig", places: queried, whole: true},
	{word: "signature", places: queried, whole: true},
	{word: "pass", places: queried, whole: true},
	{word: "auth", places: queried, whole: true},
	{word: "auth", places: structured, whole: true, form: method},
	{word: "x-auth", places: everywhere, whole: true, form: random},
	{word: "sid", places: queried, whole: true},
	{word: "ticket", places: queried, whole: true},
	{word: "assertion", places: structured | queried, begins: true, form: text},
	{word: "saml-response", places: structured | assigned | queried},
	{word: "response", places: structured | assigned, whole: true, form: hexDigits},
	{word: "digit", places: structured | assigned | queried, begins: true, pexip: true},
	{word: "dtmf", places: structured | assigned | queried, whole: true, pexip: true},
	{word: "signal", places: assigned, whole: true, pexip: true},
}

// metadata are the names that count in the logs of failed webhooks.
var metadata = []name{
	{word: "event-metadata", places: everywhere, form: everything, whole: true},
	{word: "session-metadata", places: everywhere, form: everything, whole: true},
}

// tellingWords are those of which one makes a key of a key's name.
var tellingWords = []string{
	"access", "account", "api", "amz", "auth", "aws", "azure", "client", "crypto", "encryption", "function", "goog", "hmac", "hub", "license",
	"login", "master", "private", "secret", "security", "server", "service", "session", "shared", "signaling", "signalling", "signing", "ssh", "storage",
	"stream", "subscription", "symmetric", "tls", "user", "webhook",
}

// tailWords may follow a name, and so may a number: password2, token_value.
var tailWords = []string{"value", "string", "hash", "digest", "confirmation", "confirm", "again", "repeat"}

// countingWords make a number of a key that ends with tokens.
var countingWords = []string{"max", "min", "num", "total", "count", "prompt", "completion", "input", "output", "used", "remaining"}

// ordinaryWords are no secrets behind a name and a colon or an equals sign,
// where prose goes on as well: "password: required".
var ordinaryWords = []string{
	"a", "an", "and", "any", "are", "be", "but", "by", "can", "cannot", "changed", "could", "denied", "did", "disabled", "does", "doesn", "empty", "enabled", "error", "expected", "expired",
	"failed", "failure", "false", "for", "found", "from", "granted", "has", "have", "if", "in", "incorrect", "internal", "invalid", "is", "it", "its", "malformed", "mismatch", "missing", "must", "neither", "nil", "no",
	"none", "not", "null", "of", "ok", "on", "only", "optional", "or", "please", "received", "rejected", "required", "reset", "revoked", "set", "should", "success", "that", "the", "there",
	"this", "timed", "timeout", "to", "too", "true", "undefined", "unexpected", "unknown", "unset", "unsupported", "use", "used", "user", "using", "valid", "was", "were", "when", "will", "with", "without", "wrong", "yes", "you", "your",
}
