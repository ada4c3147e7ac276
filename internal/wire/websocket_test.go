package wire

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/zaqar-go/zaqar/transport"
)

func TestParametersHaveTheWebSocketsNames(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		op     Op
		params Params
		want   string
		lesser bool
	}{
		{Ping, nil, `{"limit":1}`, false},
		{QueueGet, Params{"queue_name": "q"}, `{"queue_name":"q"}`, true},
		{MessageGetMany, Params{"queue_name": "q", "ids": []string{"a"}}, `{"message_ids":["a"],"queue_name":"q"}`, false},
		{MessageDeleteMany, Params{"queue_name": "q", "ids": []string{"a"}, "claim_ids": []string{"c"}}, `{"claim_ids":["c"],"message_ids":["a"],"queue_name":"q"}`, false},
		{MessagePop, Params{"queue_name": "q", "pop": 3}, `{"pop":3,"queue_name":"q"}`, false},
		{MessageList, Params{"queue_name": "q", "echo": true}, `{"echo":true,"queue_name":"q"}`, false},
		{MessageList, Params{"queue_name": "q", "include_claimed": true}, `{"include_claimed":true,"queue_name":"q"}`, true},
		{SubscriptionCreate, Params{"queue_name": "q", "ttl": 60}, `{"queue_name":"q","ttl":60}`, false},
		{SubscriptionCreate, Params{"queue_name": "q", "subscriber": "s"}, `{"queue_name":"q","subscriber":"s"}`, true},
	} {
		req, err := Encode(V2, test.op, test.params)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(req.Params)
		if err != nil || string(got) != test.want || req.Action == "" || req.Lesser != test.lesser {
			t.Errorf("%s: action %s, lesser %v, %s, %v, want %s", test.op, req.Action, req.Lesser, got, err, test.want)
		}
	}
	for _, op := range []Op{Home, Health, QueueExists, QueueUpdate, SubscriptionUpdate, SubscriptionConfirm, QueueShare} {
		if tables[V2][op].Action != "" {
			t.Errorf("%s has an action", op)
		}
	}
}

func TestOnlyV2HasActions(t *testing.T) {
	t.Parallel()
	for _, v := range []Version{V1, V1_1} {
		for op, route := range tables[v] {
			if route.Action != "" {
				t.Errorf("%s %s has the action %s", v, op, route.Action)
			}
		}
	}
}

func FuzzUsual(f *testing.F) {
	fuzz(f, func(t *testing.T, data []byte) {
		for _, op := range Ops(V2) {
			route, err := Lookup(V2, op)
			if err != nil {
				t.Fatal(err)
			}
			for _, status := range []int{200, 201, 204, 400, 404} {
				before := slices.Clone(data)
				reply := &transport.Response{Status: status, Header: http.Header{}, Body: data, Dialect: transport.Frames}
				usual, err := route.Usual(op, reply)
				if usual == nil || string(data) != string(before) {
					t.Fatalf("%s: the answer was changed", op)
				}
				if err == nil && usual != reply && json.Valid(data) && !json.Valid(usual.Body) {
					t.Errorf("%s %d: %q became %q", op, status, data, usual.Body)
				}
			}
		}
	})
}
