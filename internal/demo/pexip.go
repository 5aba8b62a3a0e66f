package demo

import "net"

// A pexipSender sends syslog as Pexip's conferencing nodes do: some over UDP,
// some over one TCP connection with a newline after each message.
type pexipSender struct {
	udp, tcp net.Conn
	sent     int
}

func dialPexip(udpAddr, tcpAddr string) (*pexipSender, error) {
	udp, err := net.Dial("udp", udpAddr)
	if err != nil {
		return nil, err
	}
	tcp, err := net.Dial("tcp", tcpAddr)
	if err != nil {
		udp.Close()
		return nil, err
	}
	return &pexipSender{udp: udp, tcp: tcp}, nil
}

func (p *pexipSender) close() {
	p.udp.Close()
	p.tcp.Close()
}

// say sends a line as a conferencing node does, by UDP and by TCP in turn.
func (p *pexipSender) say(line string) (err error) {
	message := "<134>" + line
	if p.sent%2 == 0 {
		_, err = p.udp.Write([]byte(message))
	} else {
		_, err = p.tcp.Write([]byte(message + "\n"))
	}
	if err == nil {
		p.sent++
	}
	return err
}
