// Package meaning says what codes, messages and reasons of both servers mean, in
// two languages: the catalogues, asked by what a record holds.
package meaning

import (
	"strings"
	"sync"

	"github.com/rtcship/rtcship/convert/pexip"
	"github.com/rtcship/rtcship/convert/sora"
)

// A Meaning explains something.
type Meaning struct {
	Text  string // what it means
	Check string // what to look at first, "" if there is nothing to do
}

// A Lang is a language: "en" or "ja".
type Lang string

// The languages there are.
const (
	English  Lang = "en"
	Japanese Lang = "ja"
)

// pick is the text in the language, or the English one if there is no other.
func (l Lang) pick(en, ja string) string {
	if l == Japanese && ja != "" {
		return ja
	}
	return en
}

var soraCodes = sync.OnceValue(func() map[string][]sora.Event {
	codes := map[string][]sora.Event{}
	for _, e := range sora.Events() {
		codes[e.Code] = append(codes[e.Code], e)
		for _, alias := range e.Aliases {
			codes[alias] = append(codes[alias], e)
		}
	}
	return codes
})

// Code explains one of Sora's codes. A code that comes at two levels means two
// things; level may be "".
func Code(code, level string, lang Lang) (Meaning, bool) {
	events := soraCodes()[code]
	if len(events) == 0 {
		return Meaning{}, false
	}
	e := events[len(events)-1] // the graver one comes later
	for _, other := range events {
		if other.Level == level {
			e = other
		}
	}
	return Meaning{lang.pick(e.Meaning.EN, e.Meaning.JA), lang.pick(e.Check.EN, e.Check.JA)}, true
}

var pexipEvents = sync.OnceValue(func() map[string]pexip.Message {
	events := map[string]pexip.Message{}
	for _, m := range pexip.Messages() {
		if _, ok := events[m.Event]; !ok && m.Message != "" {
			events[m.Event] = m
		}
	}
	return events
})

// Event explains an event of Pexip's, by its name.
func Event(name string, lang Lang) (Meaning, bool) {
	m, ok := pexipEvents()[name]
	if !ok {
		return Meaning{}, false
	}
	return Meaning{lang.pick(m.Meaning, m.MeaningJA), m.Look}, true
}

// Of explains a record by its event name, the code it holds and its level.
func Of(event, code, level string, lang Lang) (Meaning, bool) {
	if code != "" {
		return Code(code, level, lang)
	}
	return Event(event, lang)
}

// Reason explains why a connection or call ended or failed: a reason of Sora's
// or of a client SDK, a code of Sora's, or what Pexip gives for a reason.
func Reason(reason string, lang Lang) (Meaning, bool) {
	if m, ok := Code(reason, "error", lang); ok {
		return m, true
	}
	key := strings.ToUpper(strings.NewReplacer("_", "-", " ", "-").Replace(strings.Trim(reason, " .")))
	if r, ok := reasons[key]; ok {
		return Meaning{lang.pick(r.en, r.ja), lang.pick(r.check, r.checkJA)}, true
	}
	return Meaning{}, false
}

// reasons are of Sora, its client SDKs and Pexip, in capitals with hyphens.
var reasons = map[string]struct{ en, ja, check, checkJA string }{
	"NO-ERROR":                     {en: "The client said goodbye in the proper way.", ja: "クライアントが正常に切断しました。"},
	"DISCONNECT":                   {en: "The client said goodbye in the proper way.", ja: "クライアントが正常に切断しました。"},
	"NORMAL":                       {en: "It ended in the proper way.", ja: "正常に終了しました。"},
	"WEBSOCKET-ONCLOSE":            {en: "The client's WebSocket was closed under it.", ja: "クライアントの WebSocket が閉じられました。", check: "the client's network, and proxies between", checkJA: "クライアントのネットワークと、途中のプロキシ"},
	"WEBSOCKET-ONERROR":            {en: "The client's WebSocket failed.", ja: "クライアントの WebSocket でエラーが起きました。", check: "the client's network, and proxies between", checkJA: "クライアントのネットワークと、途中のプロキシ"},
	"PEER-CONNECTION-STATE-FAILED": {en: "The client lost its way for media: ICE failed.", ja: "クライアントの ICE が失敗し、メディアの経路が失われました。", check: "the client's network: did it change, is UDP blocked?", checkJA: "クライアントのネットワーク (切り替わり、UDP の遮断)"},
	"DISCONNECTED-API":             {en: "Somebody ended it by the API.", ja: "API によって切断されました。", check: "the api log", checkJA: "api ログ"},
	"LIFETIME-EXPIRED":             {en: "The connection had been there for as long as it may.", ja: "接続の有効期間が切れました。"},
	"INVALID-PIN":                  {en: "The PIN that was typed is not that of the conference.", ja: "入力された PIN が会議の PIN と一致しません。", check: "which PIN the caller was given", checkJA: "発信者に伝えた PIN"},
	"CONFERENCE-NOT-FOUND":         {en: "Nothing is known under the alias that was dialled.", ja: "ダイヤルされたエイリアスに該当する会議がありません。", check: "the alias, letter by letter", checkJA: "エイリアスの綴り"},
	"BUSY-HERE":                    {en: "The other side is in a call.", ja: "相手は通話中です。"},
	"REMOTE-DISCONNECT":            {en: "The other side hung up.", ja: "相手側が切断しました。"},
	"CALL-DISCONNECTED":            {en: "The call was ended.", ja: "通話が終了しました。"},
	"CONFERENCE-LOCKED":            {en: "The conference was locked, and nobody let the caller in.", ja: "会議がロックされており、入室が許可されませんでした。"},
	"TIMEOUT":                      {en: "Nobody answered in time.", ja: "時間内に応答がありませんでした。"},

	"CONFERENCE-HOST-ENDED-THE-CONFERENCE-WITH-A-DTMF-COMMAND": {en: "A host ended the conference for all.", ja: "ホストが会議を終了しました。"},
	"DISCONNECTED-BY-AN-ADMINISTRATOR":                         {en: "An administrator ended the call.", ja: "管理者が切断しました。"},
}

// SIP is what a final or provisional SIP status means, "" for one that is not
// known (RFC 3261, section 21).
func SIP(status int, lang Lang) string {
	t, ok := sipStatus[status]
	if !ok {
		return ""
	}
	return lang.pick(t[0], t[1])
}

var sipStatus = map[int][2]string{
	100: {"under way", "処理中"},
	180: {"ringing", "呼び出し中"},
	183: {"under way, with early media", "処理中 (アーリーメディア)"},
	200: {"accepted", "成功"},
	302: {"moved: call another address", "別のアドレスへ転送"},
	400: {"the request is malformed", "要求の形式が不正"},
	401: {"wants a login", "認証が必要"},
	403: {"refused", "拒否"},
	404: {"nobody of that name", "宛先が存在しない"},
	407: {"the proxy wants a login", "プロキシ認証が必要"},
	408: {"no answer in time", "時間切れ"},
	415: {"media type not understood", "メディア形式に未対応"},
	480: {"not there at present", "一時的に応答不可"},
	481: {"no such call", "該当する通話がない"},
	486: {"busy", "話中"},
	487: {"given up by the caller", "発信者が取りやめた"},
	488: {"no media format in common", "共通のメディア形式がない"},
	500: {"the server failed", "サーバー内部エラー"},
	503: {"the server is overloaded or down", "サービス利用不可"},
	504: {"a server behind it did not answer", "ゲートウェイの時間切れ"},
	600: {"busy everywhere", "すべて話中"},
	603: {"declined", "拒否された"},
}
