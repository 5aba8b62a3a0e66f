package demo

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"
)

// A pexipSender sends syslog as Pexip's conferencing nodes do: some over UDP,
// some over one TCP connection with a newline after each message.
type pexipSender struct {
	udp, tcp net.Conn
	rand     *rand.Rand
	sent     int
}

func dialPexip(udpAddr, tcpAddr string, r *rand.Rand) (*pexipSender, error) {
	udp, err := net.Dial("udp", udpAddr)
	if err != nil {
		return nil, err
	}
	tcp, err := net.Dial("tcp", tcpAddr)
	if err != nil {
		udp.Close()
		return nil, err
	}
	return &pexipSender{udp: udp, tcp: tcp, rand: r}, nil
}

func (p *pexipSender) close() {
	p.udp.Close()
	p.tcp.Close()
}

var pexipLines = []string{
	`Level="INFO" Name="administrator.conference" Message="Participant attempting to join conference." ConferenceAlias="sip:{alias}@example.com" Participant="sip:guest{n}@example.com" Protocol="SIP" Direction="in" Participant-id="44be63a0-c0de-4f1e-8a52-{id}"`,
	`Level="INFO" Name="administrator.conference" Message="Participant has joined." Conference="{alias}" Service-tag="" Service-type="conference" ConferenceAlias="sip:{alias}@example.com" Participant="sip:guest{n}@example.com" DisplayName="Guest {n}" Protocol="WebRTC" Direction="in" Call-id="fe7107ba-{id}" Location="Oslo" Licenses="1" Signaling-node="192.0.2.1" Media-node="192.0.2.2"`,
	`Level="INFO" Name="administrator.conference" Message="Participant has disconnected." Conference="{alias}" Service-tag="" Service-type="conference" Participant="sip:guest{n}@example.com" Call-id="fe7107ba-{id}" Duration="63.123" Detail="Remote disconnect"`,
	`Level="INFO" Name="support.participant" Message="Media Stream destroyed" Participant="sip:guest{n}@example.com" Call-id="fe7107ba-{id}" Detail="Stream 0 (audio)^M  RX: rate 54kbps loss 0.77% jitter 6ms^M  TX: rate 61kbps loss 0.00% jitter 2ms^M    codec opus rate 64kbps"`,
	`Level="WARNING" Name="administrator.configuration" Message="User login failed" User="admin{n}" Remote-Address="203.0.113.7" Remote-Port="53991"`,
	`Level="WARNING" Name="administrator.system.connectivity" Message="Connectivity lost to node." Node="192.0.2.2" Last-Reported="2026-11-21 08:00:00"`,
	`Level="ERROR" Name="administrator.conference" Message="Participant failed to join conference." ConferenceAlias="sip:{alias}@example.com" Participant="sip:guest{n}@example.com" Reason="Conference not found"`,
}

// step sends one message.
func (p *pexipSender) step(now time.Time) error {
	n := p.rand.IntN(500)
	text := strings.NewReplacer(
		"{alias}", channels[p.rand.IntN(len(channels))], "{n}", strconv.Itoa(n), "{id}", fmt.Sprintf("%012d", n),
	).Replace(pexipLines[p.rand.IntN(len(pexipLines))])
	now = now.UTC()
	message := fmt.Sprintf("<134>%s cn-oslo-01 %s %s", now.Format("2006-01-02T15:04:05.000-07:00"),
		now.Format("2006-01-02 15:04:05,000"), text)
	var err error
	if p.rand.IntN(2) == 0 {
		_, err = p.udp.Write([]byte(message))
	} else {
		_, err = p.tcp.Write([]byte(message + "\n"))
	}
	if err == nil {
		p.sent++
	}
	return err
}
