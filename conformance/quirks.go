package conformance

import "testing"

// quirk is a known difference of real servers; its number is the one in
// docs/server-quirks.md.
type quirk struct {
	number int
	what   string
	// on reports whether a target has it.
	on func(Target) bool
}

func redis(t Target) bool { return t.Store == "redis" }

func anyReal(t Target) bool { return t.Store != "" }

// quirks are the differences that cases know of, by number.
var quirks = []quirk{
	{5, "a claim takes what another claim holds, behind a message that became free", redis},
	{7, "a claim that has expired answers 503 until it is collected", redis},
	{8, "stats answer 503 while the oldest message has expired", redis},
	{9, "grace is reported but messages go at their first expiry", redis},
	{10, "message ids are global to the server", redis},
	{15, "names are listed cut at the first dot", redis},
	{28, "the refusal of a body that is too large can be lost with the connection", anyReal},
	{26, "name and metadata filters of the queue listing are ignored", redis},
}

// differs reports whether the target has a quirk, which the case must then
// assert instead.
func (s *suite) differs(t *testing.T, number int) bool {
	t.Helper()
	for _, q := range quirks {
		if q.number == number {
			on := q.on(s.Target)
			if on {
				t.Logf("quirk %d: %s", q.number, q.what)
			}
			return on
		}
	}
	t.Fatalf("quirk %d is not in the table", number)
	return false
}
