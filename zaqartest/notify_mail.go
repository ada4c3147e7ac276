package zaqartest

import (
	"net/url"
	"strings"

	"github.com/zaqar-go/zaqar/zaqartest/internal/rawjson"
)

// mail writes a mail, which is for tests to look at and goes nowhere.
func (c *deliverer) recordMail(told notice) {
	d := newDelivery(told)
	d.State = DeliveryRecorded
	from, _ := rawjson.Text(told.subscription.Option("from"))
	subject, _ := rawjson.Text(told.subscription.Option("subject"))
	address, query, _ := strings.Cut(told.subscription.Subscriber[len("mailto:"):], "?")
	parameters, _ := url.ParseQuery(query) // what can be read of it
	for name, values := range parameters {
		if strings.EqualFold(name, "subject") {
			subject = values[0]
		}
	}
	if plain, err := url.PathUnescape(address); err == nil {
		address = plain
	}
	d.Header.Set("To", address)
	d.Header.Set("From", from)
	d.Header.Set("Subject", subject)
	c.addToLog(d)
}
