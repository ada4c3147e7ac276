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
		args   Args
		want   string
		lesser bool
	}{
		{Ping, Args{}, `{"limit":1}`, false},
		{QueueGet, Args{Queue: "q"}, `{"queue_name":"q"}`, true},
		{MessageGetMany, Args{Queue: "q", IDs: []string{"a"}}, `{"message_ids":["a"],"queue_name":"q"}`, false},
		{MessageDeleteMany, Args{Queue: "q", IDs: []string{"a"}, ClaimIDs: []string{"c"}}, `{"claim_ids":["c"],"message_ids":["a"],"queue_name":"q"}`, false},
		{MessagePop, Args{Queue: "q", More: Params{"pop": 3}}, `{"pop":3,"queue_name":"q"}`, false},
		{MessageList, Args{Queue: "q", More: Params{"echo": true}}, `{"echo":true,"queue_name":"q"}`, false},
		{MessageList, Args{Queue: "q", More: Params{"include_claimed": true}}, `{"include_claimed":true,"queue_name":"q"}`, true},
		{MessageDelete, Args{Queue: "q", Message: "m", Claim: "c"}, `{"claim_id":"c","message_id":"m","queue_name":"q"}`, false},
		{ClaimCreate, Args{Queue: "q", Limit: 3, Times: &Times{TTL: 60, Grace: 61}}, `{"grace":61,"limit":3,"queue_name":"q","ttl":60}`, false},
		{MessagePost, Args{Queue: "q", Messages: []Outgoing{{Body: json.RawMessage("1")}}}, `{"messages":[{"body":1}],"queue_name":"q"}`, false},
		{SubscriptionCreate, Args{Queue: "q", More: Params{"ttl": 60}}, `{"queue_name":"q","ttl":60}`, false},
		{SubscriptionCreate, Args{Queue: "q", More: Params{"subscriber": "s"}}, `{"queue_name":"q","subscriber":"s"}`, true},
	} {
		req, err := Encode(V2, test.op, &test.args)
		if err != nil {
			t.Fatal(err)
		}
		AddForms(req, V2, test.op, &test.args)
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
