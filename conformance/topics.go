package conformance

import (
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/admin"
)

var topics = []behaviour{
	{"a topic has metadata", func(t *testing.T, s *suite) {
		operator, name := admin.New(s.client(t)), poolName()
		ctx := t.Context()
		if err := operator.CreateTopic(ctx, admin.Topic{Name: name, Metadata: map[string]any{"colour": "red"}}); err != nil {
			t.Fatal(err)
		}
		_, getting := operator.Topic(ctx, name)
		_, counting := operator.TopicStats(ctx, name)
		listed, listing := zaqar.Collect(operator.Topics(ctx))
		changing := operator.UpdateTopic(ctx, name, map[string]any{"a/b": 1}, "colour")
		for what, err := range map[string]error{"get": getting, "stats": counting, "list": listing, "update": changing} {
			if s.differs(t, 37) {
				matches(t, err, zaqar.ErrUnavailable)
			} else if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		if !s.differs(t, 37) {
			topic, err := operator.Topic(ctx, name)
			if err != nil || topic.Metadata["colour"] != nil || topic.Metadata["a/b"] == nil {
				t.Errorf("the topic is %v, %v", topic, err)
			}
			if len(listed) != 1 || listed[0].Name != name || listed[0].Metadata["colour"] != "red" {
				t.Errorf("listed %v", listed)
			}
		}
		if err := operator.PurgeTopic(ctx, name); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := operator.DeleteTopic(ctx, name); err != nil {
				t.Error(err)
			}
		}
	}},
}
