package story

import "github.com/rtcship/rtcship/internal/meaning"

// words are what the summary is written with, by language.
type words struct {
	in, failed, open, never                 string
	ended, why, check, media, client, wrong string
	more, hidden, several, nothing, whole   string
}

var languages = map[meaning.Lang]words{
	meaning.English: {
		in: "was in for %s", failed: "did not get in", open: "was in; no end in these logs", never: "no sign of getting in",
		ended: "ended", why: "why", check: "look at", media: "quality", client: "client", wrong: "%d wrong PINs",
		more: "… and %d more records", hidden: "%d records of statistics and Erlang reports are left out: -v shows them",
		several: "%s: %d ways in, %d of which failed", nothing: "none of the records is about a connection or a call", whole: "records: %d",
	},
	meaning.Japanese: {
		in: "参加時間 %s", failed: "参加できませんでした", open: "参加 (ログに終了の記録なし)", never: "参加の記録なし",
		ended: "終了", why: "理由", check: "確認", media: "品質", client: "クライアント", wrong: "PIN の誤り %d 回",
		more: "… 他 %d 件", hidden: "統計と Erlang の報告 %d 件を省略 (-v で表示)",
		several: "%s: 接続 %d 件、うち失敗 %d 件", nothing: "接続や通話に関する記録はありません", whole: "記録 %d 件",
	},
}
