package day

import (
	"fmt"
	"strings"
)

// The machines of the deployment, and those who call.
const (
	oslo       = "cn-oslo-01"
	osloIP     = "192.0.2.21"
	mediaIP    = "192.0.2.22"
	bergen     = "cn-bergen-01"
	management = "mgmt"
	bobIP      = "198.51.100.23"
	carolIP    = "198.51.100.40"
	roomIP     = "198.51.100.77"
)

const (
	bobCall  = "b0b7c1a5f2@198.51.100.23"
	download = "pexip/download/unified_support.log"
	admin    = "pexip/download/unified_administrator.log"
)

func (d *day) pexip() {
	d.aliceOnPexip()
	d.bobOnPexip()
	d.roomOnPexip()
	d.pexipEnds()
	d.pexipMedia()
	d.captures()
}

// pexipLine is a line without a syslog header of its own: host, the time at
// which it was made, and its pairs.
func pexipLine(clock, host, level, module, rest string) string {
	t := at(clock)
	return fmt.Sprintf(`%s %s %s Level=%q Name=%q %s`, t.Format("2006-01-02T15:04:05.000+00:00"), host,
		strings.Replace(t.Format("2006-01-02 15:04:05.000"), ".", ",", 1), level, module, rest)
}

// says writes to one of the two logs that are downloaded from the Management Node.
func (d *day) says(clock, module, rest string) {
	file := download
	if strings.HasPrefix(module, "administrator.") {
		file = admin
	}
	level := "INFO"
	if strings.Contains(rest, "failed") || strings.Contains(rest, "incorrect") || strings.Contains(rest, "exceeded") {
		level = "WARNING"
	}
	d.line(file, "%s", pexipLine(clock, oslo, level, module, rest))
}

const conference = `Conference="Meet Alice" Service-tag="" Service-type="conference" ConferenceAlias="meet.alice@example.com" `

func (d *day) aliceOnPexip() {
	call, part := uuid("alice call"), uuid("alice part")
	d.says("08:58:10.100", "administrator.registration", `Message="Registration added" Alias="carol@example.com" Protocol="SIP" Registration-id="`+uuid("reg")+`" Natted="True" Location="Oslo"`)
	d.says("08:59:58.000", "support.rest", rest("Received REST API request", "198.51.100.9", osloIP, "request_token", `{\"display_name\": \"Alice\", \"pin\": \"9753\"}`, ""))
	d.says("08:59:58.020", "support.rest", rest("Sending REST API response", osloIP, "198.51.100.9", "request_token", `{\"status\": \"success\", \"result\": {\"token\": \"SE9ST1NDT1BF\"}}`, "200"))
	d.says("08:59:58.031", "administrator.conference", `Message="Participant attempting to join conference." ConferenceAlias="meet.alice@example.com" Participant="Alice" Protocol="API" Direction="in" Participant-id="`+part+`"`)
	d.says("08:59:58.040", "administrator.conference", `Message="Conference has been created." Conference="Meet Alice" Service-tag="" Service-type="conference"`)
	d.says("08:59:58.100", "administrator.conference", `Message="Participant has joined." `+conference+`Participant="Alice" DisplayName="Alice" Protocol="WebRTC" Direction="in" Role="host" Call-id="`+call+`" Participant-id="`+part+`" Location="Oslo" Licenses="1" Signaling-node="`+osloIP+`" Media-node="`+mediaIP+`"`)
	d.says("08:59:58.210", "support.ice", `Message="ICE new-selected-pair event" Participant="Alice" Call-id="`+call+`" Stream-Id="0" Component-Id="1" Local-Candidate-Address="`+mediaIP+`" Local-Candidate-Port="40012" Local-Candidate-Type="host" Remote-Candidate-Address="198.51.100.9" Remote-Candidate-Port="51001" Remote-Candidate-Type="srflx"`)
	d.says("08:59:58.220", "support.dtls", `Message="DTLS handshake completed" Participant="Alice" Call-id="`+call+`"`)
	d.says("08:59:58.230", "support.crypto.keys", `Message="Keys derived" Participant="Alice" Call-id="`+call+`"`)
	d.says("08:59:58.240", "support.signaling", `Message="Call setup complete" Participant="Alice" Call-id="`+call+`"`)
}

func rest(message, src, dst, what, detail, code string) string {
	s := fmt.Sprintf(`Message=%q Src-Address=%q Src-Port="443" Dst-Address=%q Dst-Port="443" Request="/api/client/v2/conferences/meet.alice@example.com/%s" Detail="%s"`, message, src, dst, what, detail)
	if code != "" {
		s += fmt.Sprintf(` Response-Code=%q`, code)
	}
	return s
}

// sip is a SIP message; first is its first line.
func sip(dir, src, dst, call, cseq, first string) string {
	return fmt.Sprintf(`Message="%s" Src-Address=%q Src-Port="5061" Dst-Address=%q Dst-Port="5061" Transport="TLS" Detail="%s^MVia: SIP/2.0/TLS %s:5061;branch=z9hG4bK776^MFrom: <sip:bob@example.com>;tag=88^MTo: <sip:meet.alice@example.com>^MCall-ID: %s^MCSeq: %s^MContent-Length: 0^M"`,
		dir, src, dst, first, src, call, cseq)
}

// bobOnPexip is Bob's third way in: he calls by telephone and types a wrong PIN
// three times.
func (d *day) bobOnPexip() {
	who := `Participant="sip:bob@example.com" ConferenceAlias="meet.alice@example.com" Call-id="` + bobCall + `"`
	const in, out = "Received SIP request", "Sending SIP response"
	d.says("09:06:00.000", "support.sip", sip(in, bobIP, osloIP, bobCall, "1 INVITE", "INVITE sip:meet.alice@example.com SIP/2.0"))
	d.says("09:06:00.004", "support.sip", sip(out, osloIP, bobIP, bobCall, "1 INVITE", "SIP/2.0 100 Trying"))
	d.says("09:06:00.010", "support.dns", `Message="Sending DNS query" Target="meet.alice.example.com" Service="_sips._tcp" Domain="example.com" Call-id="`+bobCall+`"`)
	d.says("09:06:00.020", "support.jinja2", `Message="Policy evaluated" Call-id="`+bobCall+`" Detail="Media location policy, Oslo, protocol, sip"`)
	d.says("09:06:00.030", "administrator.conference", `Message="Participant attempting to join conference." ConferenceAlias="meet.alice@example.com" Participant="sip:bob@example.com" Protocol="SIP" Direction="in" Call-id="`+bobCall+`" Participant-id="`+uuid("bob part")+`"`)
	d.says("09:06:00.120", "support.sip", sip(out, osloIP, bobIP, bobCall, "1 INVITE", "SIP/2.0 200 OK"))
	d.says("09:06:00.160", "support.sip", sip(in, bobIP, osloIP, bobCall, "1 ACK", "ACK sip:meet.alice@example.com SIP/2.0"))
	for i, clock := range []string{"09:06:09.500", "09:06:21.250", "09:06:33.900"} {
		d.says(clock[:6]+fmt.Sprintf("%02d.100", 5+12*i), "support.participant", `Message="Got DTMF digit" Participant="sip:bob@example.com" Call-id="`+bobCall+`" Digit="4" Mechanism="RFC4733"`)
		d.says(clock, "administrator.conference", fmt.Sprintf(`Message="Participant entered incorrect conference PIN" RetriesRemaining="%d" %s`, 2-i, who))
	}
	d.says("09:06:33.910", "administrator.conference", `Message="Participant exceeded PIN entry retries. Call will be disconnected." `+who)
	d.says("09:06:33.920", "administrator.conference", `Message="Participant failed to join conference." `+who+` Reason="Invalid PIN"`)
	d.says("09:06:33.960", "support.sip", sip("Sending SIP request", osloIP, bobIP, bobCall, "101 BYE", "BYE sip:bob@198.51.100.23 SIP/2.0"))
	d.says("09:06:34.001", "support.sip", sip("Received SIP response", bobIP, osloIP, bobCall, "101 BYE", "SIP/2.0 200 OK"))
}

// roomOnPexip is a meeting room with an H.323 endpoint.
func (d *day) roomOnPexip() {
	call := uuid("room call")
	h := func(clock, module, dir, src, dst, detail string) {
		d.says(clock, module, fmt.Sprintf(`Message=%q Src-Address=%q Src-Port="1720" Dst-Address=%q Dst-Port="1720" Uuid=%q Call-id=%q Detail=%q`, dir, src, dst, call, call, detail))
	}
	h("09:01:00.000", "support.h323.ras", "Received RAS message", roomIP, osloIP, "request:^M  admissionRequest:^M    requestSeqNum: 7")
	h("09:01:00.010", "support.h323.q931", "Received H.225 message", roomIP, osloIP, "h323_uu_pdu^M  h323_message_body: setup:^M    protocolIdentifier: 0.0.8.2250.0.6")
	h("09:01:00.040", "support.h323.q931", "Sending H.225 message", osloIP, roomIP, "h323_uu_pdu^M  h323_message_body: connect:^M    protocolIdentifier: 0.0.8.2250.0.6")
	h("09:01:00.080", "support.h323.h245", "Received H.245 message", roomIP, osloIP, "request:^M  terminalCapabilitySet:^M    sequenceNumber: 1")
	d.says("09:01:00.200", "administrator.conference", `Message="Participant has joined." `+conference+`Participant="h323:fjord@example.com" DisplayName="Fjord room" Protocol="H323" Direction="in" Role="guest" Call-id="`+call+`" Participant-id="`+uuid("room part")+`" Location="Oslo" Licenses="1" Signaling-node="`+osloIP+`" Media-node="`+mediaIP+`"`)
	d.says("09:10:00.000", "support.bfcp", `Message="Received BFCP message" Src-Address="`+roomIP+`" Dst-Address="`+osloIP+`" Call-id="`+call+`" Primitive="FloorRequest" Floor-Request-Id="3" Transaction-Id="9" Detail="FloorRequest(transaction=9)"`)
	d.says("09:10:00.050", "administrator.conference", `Message="Participant is presenting." Conference="Meet Alice" Service-tag="" Participant="h323:fjord@example.com" Call-id="`+call+`"`)
	d.says("09:10:00.060", "support.participantpresentationmodule", `Message="Presentation negotiated" Participant="h323:fjord@example.com" Call-id="`+call+`"`)
	d.says("09:12:00.000", "support.participant", `Message="Lost incoming video" Participant="h323:fjord@example.com" Call-id="`+call+`"`)
	d.says("09:12:04.000", "support.participant", `Message="Stable call quality changed" Participant="h323:fjord@example.com" Call-id="`+call+`" Was="1_good" Now="3_bad"`)
	d.says("09:30:00.000", "support.participant", `Message="Media Stream destroyed" Participant="h323:fjord@example.com" Call-id="`+call+`" Detail="Stream 0 (audio)^M  RX: rate 54kbps loss 0.77% jitter 6ms^M    codec opus rate 64kbps^M  TX: rate 61kbps loss 0.00% jitter 2ms^M    codec opus rate 64kbps"`)
	d.says("09:30:00.010", "support.participant", `Message="Media Stream destroyed" Participant="h323:fjord@example.com" Call-id="`+call+`" Detail="Stream 1 (video)^M  RX: rate 910kbps loss 4.90% jitter 38ms^M    codec H264 rate 1200kbps^M  TX: rate 1100kbps loss 0.10% jitter 4ms^M    codec H264 rate 1200kbps"`)
	d.says("09:30:00.100", "administrator.conference", `Message="Participant has disconnected." `+conference+`Participant="h323:fjord@example.com" DisplayName="Fjord room" Protocol="H323" Direction="in" Role="guest" Call-id="`+call+`" Participant-id="`+uuid("room part")+`" Location="Oslo" Licenses="1" Signaling-node="`+osloIP+`" Media-node="`+mediaIP+`" Duration="1739.900" Detail="Remote disconnect"`)
}

func (d *day) pexipEnds() {
	call, part := uuid("alice call"), uuid("alice part")
	d.says("09:31:00.000", "administrator.conference", `Message="Participant has disconnected." `+conference+`Participant="Alice" DisplayName="Alice" Protocol="WebRTC" Direction="in" Role="host" Call-id="`+call+`" Participant-id="`+part+`" Location="Oslo" Licenses="1" Signaling-node="`+osloIP+`" Media-node="`+mediaIP+`" Duration="1861.900" Detail="Conference host ended the conference with a DTMF command"`)
	d.says("09:31:00.200", "administrator.conference", `Message="Conference has been stopped." Conference="Meet Alice" Service-tag="" Service-type="conference" Duration="1862.160"`)
}

// pexipMedia is what else the support log of the morning holds.
func (d *day) pexipMedia() {
	for i, l := range [][2]string{
		{"support.media", `Message="New mode activated" Mode="VP9 [720p(1280x720)@30fps (1200000bps)] pt:98 ssrc:0" Media-Type="video"`},
		{"support.rtmp", `Message="RTMP stream started" Participant="rtmps://live.example.com/app/k3y5tr34m" Conference="Town hall"`},
		{"support.gms", `Message="Sending GMS request" Detail="{u'meeting': u'abc-defg-hij'}" Content="b'{}'"`},
		{"support.teams", `Message="Sending Teams request" Detail="{\"call\": \"teams\"}"`},
		{"support.ms_data_conf.ms_data_conf", `Message="Data conference joined" Conference="Route to Lync:423a18c5"`},
		{"support.otj", `Message="OTJ Meeting Created" Room="fjord@example.com" Subject="Project Sync" Alias="1234@example.com" OTJRuleName="Pexip Rule"`},
		{"administrator.sip", `Message="Device registration authentication failed" Device="room-101@example.com" Reason="digest_mismatch" Src-Address="203.0.113.47" Detail="Computed digest did not match"`},
		{"connectivity", `Message="Connectivity check" Node="192.0.2.22" Src-Node="192.0.2.21"`},
	} {
		d.says(fmt.Sprintf("10:0%d:00.000", i), l[0], l[1])
	}
}

// captures is the rest of the day as syslog: each machine sends its own log, each
// in another of the forms that Pexip offers.
func (d *day) captures() {
	for _, l := range [][4]string{
		{"13:00:00.000", "INFO", "administrator.system.connectivity", `Message="Connectivity lost to node." Node="192.0.2.22" Src-Node="192.0.2.21" Last-Reported="Fri Jun 12 12:59:31 2026"`},
		{"13:00:40.000", "INFO", "administrator.system.connectivity", `Message="Connectivity re-established." Node="192.0.2.22" Last-Reported="Fri Jun 12 13:00:39 2026"`},
		{"13:05:00.000", "INFO", "administrator.participantdialer", `Message="Placing outbound call" Conference="Town hall" ConferenceAlias="town.hall@example.com" DisplayName="Dave" Participant-alias="sip:dave@example.com" Protocol="SIP"`},
		{"13:05:20.000", "WARNING", "administrator.conference", `Message="Participant failed to join conference." ConferenceAlias="town.hall@example.com" Participant="sip:dave@example.com" Reason="Busy here"`},
	} {
		d.line("pexip/capture/udp.log", "<134>%s", pexipLine(l[0], bergen, l[1], l[2], l[3]))
	}
	for _, l := range [][4]string{
		{"14:00:00.000", "INFO", "administrator.system", `Message="Starting Infinity application." Pid="1650"`},
		{"14:00:05.000", "INFO", "administrator.system.configuration", `Message="Conferencing node configuration updated." Node="cn-oslo-01"`},
		{"14:30:00.000", "WARNING", "administrator.configuration", `Message="User login failed" User="admin" Remote-Address="203.0.113.7" Remote-Port="53991"`},
	} {
		t := at(l[0])
		text := fmt.Sprintf(`<134>1 %s %s pexip 812 - - %s Level=%q Name=%q %s`, t.Format("2006-01-02T15:04:05.000+00:00"), management,
			strings.Replace(t.Format("2006-01-02 15:04:05.000"), ".", ",", 1), l[1], l[2], l[3])
		d.put("pexip/capture/tcp-octets.log", fmt.Sprintf("%d %s", len(text), text)) // frames, with nothing between them
	}
	for _, l := range [][4]string{
		{"15:00:00.000", "INFO", "administrator.vmrsync", `Message="Beginning VMR Sync" template="staff" creating_vmrs="3" deleting_vmrs="0" modifying_vmrs="1" unchanged_vmrs="40"`},
		{"15:00:09.000", "INFO", "administrator.vmrsync", `Message="Completed VMR Sync" template="staff" status="OK" vmrs_created="3" vmrs_deleted="0" vmrs_updated="1" vmrs_unchanged="40" warnings="0" last_warning=""`},
		{"15:30:00.000", "INFO", "administrator.apps.cloudbursting", `Message="On-prem location 'Oslo' is overloaded! Starting instance i-0a1b2c (stopped) in location 'Cloud'"`},
		{"16:00:00.000", "INFO", "administrator.registration", `Message="Registration deleted" Alias="carol@example.com" Protocol="SIP" Registration-id="` + uuid("reg") + `" Location="Oslo" Reason="Registration expired"`},
	} {
		t := at(l[0])
		d.line("pexip/capture/tcp-lines.log", `<134>%s %s pexip: %s Level=%q Name=%q %s`, t.Format("Jan _2 15:04:05"), oslo,
			strings.Replace(t.Format("2006-01-02 15:04:05.000"), ".", ",", 1), l[1], l[2], l[3])
	}
}
