package broker

import "testing"

func FuzzIDs(f *testing.F) {
	for _, seed := range []string{
		"3381af92-2b9e-11e3-b191-71861300734c", "{3381af922b9e11e3b19171861300734c}", "urn:uuid:3381AF92-2B9E-11E3-B191-71861300734C", "nonsense", "",
	} {
		f.Add(seed)
	}
	q := Queue{Project: "p", Name: "q", uid: NewUUID()}
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := ParseUUID(text)
		if !ok {
			return
		}
		if again, ok := ParseUUID(id.String()); !ok || again != id {
			t.Fatalf("%q is %s, which is another id", text, id)
		}
		if number, ok := q.messageNumber(id); ok && q.MessageID(number) != id {
			t.Fatalf("%s is message %d, whose id is %s", id, number, q.MessageID(number))
		}
	})
}
