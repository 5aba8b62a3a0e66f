package syslog

import "net/netip"

// An allowList says which peers may send. The empty one allows all.
type allowList []netip.Prefix

// newAllowList returns the prefixes in the form in which peers are compared
// with them: an IPv4 address is an IPv4 address however it was written.
func newAllowList(prefixes []netip.Prefix) allowList {
	var list allowList
	for _, p := range prefixes {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		list = append(list, p.Masked())
	}
	return list
}

// allows says whether a peer may send. The zero Addr is a Unix socket, which
// is not for this list to judge.
func (l allowList) allows(addr netip.Addr) bool {
	if len(l) == 0 || !addr.IsValid() {
		return true
	}
	addr = addr.Unmap().WithZone("")
	for _, p := range l {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
