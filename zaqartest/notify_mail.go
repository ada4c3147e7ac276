package zaqartest

import (
	"net/url"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// recordMail records a mail for tests to inspect. It is not sent.
func (d *deliverer) recordMail(n notice) {
	j := newDelivery(n)
	j.State = DeliveryRecorded
	from, _ := rawjson.Text(n.subscription.Option("from"))
	subject, _ := rawjson.Text(n.subscription.Option("subject"))
	address, query, _ := strings.Cut(n.subscription.Subscriber[len("mailto:"):], "?")
	parameters, _ := url.ParseQuery(query) // ignore what cannot be read
	for name, values := range parameters {
		if strings.EqualFold(name, "subject") {
			subject = values[0]
		}
	}
	if plain, err := url.PathUnescape(address); err == nil {
		address = plain
	}
	j.Header.Set("To", address)
	j.Header.Set("From", from)
	j.Header.Set("Subject", subject)
	d.addToLog(j)
}
