package main

import (
	"fmt"
	"path"
)

// border is what one package may and may not import. A path that starts with "." is
// below the module, and "." is its root.
type border struct {
	dir            string
	refuse, allow  []string
	allowInTests   []string
	refusedInTests []string
}

const websocket = "github.com/coder/websocket"

var borders = []border{
	{
		dir:    "internal/backoff",
		refuse: []string{".", "./internal/fault", "./observe", "./transport", websocket},
		allow:  []string{"time", "math/rand/v2"},
	},
	{
		dir:    "internal/fault",
		refuse: []string{".", "./internal/backoff", "./auth", "./transport", websocket},
		allow:  []string{"errors"},
	},
	{
		dir:    "internal/paging",
		refuse: []string{".", "./internal/fault", "./internal/wire", "./observe", "./transport", websocket},
		allow:  []string{"slices", "time", "./internal/backoff"},
	},
	{
		dir: "internal/consumer",
		refuse: []string{
			".", "./internal/publisher", "./internal/subscriber", "./internal/push", "./internal/wire", "./internal/plainjson",
			"./internal/clienttest", "./transport", "./auth", "./zaqartest", websocket,
		},
		allow:        []string{"context", "./internal/backoff", "./internal/fault", "./observe"},
		allowInTests: []string{".", "./internal/clienttest", "./zaqartest"},
	},
	{
		dir: "internal/publisher",
		refuse: []string{
			".", "./internal/consumer", "./internal/subscriber", "./internal/push", "./internal/plainjson",
			"./internal/clienttest", "./transport", "./auth", "./zaqartest", websocket,
		},
		allow:        []string{"context", "./internal/backoff", "./internal/fault", "./internal/wire", "./observe"},
		allowInTests: []string{".", "./internal/clienttest", "./zaqartest"},
	},
	{
		dir: "internal/subscriber",
		refuse: []string{
			".", "./internal/consumer", "./internal/publisher", "./internal/wire", "./internal/plainjson",
			"./internal/clienttest", "./transport", "./auth", "./zaqartest", websocket,
		},
		allow:        []string{"context", "./internal/backoff", "./internal/fault", "./internal/paging", "./internal/push", "./observe"},
		allowInTests: []string{".", "./internal/clienttest", "./zaqartest"},
	},
	{
		dir: "internal/push",
		refuse: []string{
			".", "./internal/consumer", "./internal/publisher", "./internal/subscriber", "./internal/wire", "./internal/plainjson",
			"./internal/clienttest", "./auth", "./zaqartest", websocket,
		},
		allow:        []string{"context", "./internal/backoff", "./internal/fault", "./transport", "./observe"},
		allowInTests: []string{".", "./internal/clienttest", "./zaqartest"},
	},
	{
		dir:    "internal/wire",
		refuse: []string{".", "./internal/consumer", "./internal/publisher", "./auth", "./observe", "./zaqartest"},
		allow:  []string{"encoding/json", "./internal/plainjson", "./internal/jsonscan", "./internal/mend", "./transport"},
	},
	{
		dir:    "transport",
		refuse: []string{".", "./internal/wire", "./internal/push", "./auth/keystone", "./observe", "./zaqartest"},
		allow:  []string{"net/http", websocket, "./auth", "./internal/backoff", "./internal/safehttp"},
	},
	{
		dir:    "auth",
		refuse: []string{".", "./transport", "./auth/keystone", "./internal/safehttp", "./observe", "github.com/gophercloud/gophercloud/v2"},
		allow:  []string{"net/http"},
	},
	{
		dir:    "auth/keystone",
		refuse: []string{".", "./transport", "./observe", "./internal/wire", websocket},
		allow:  []string{"net/http", "./auth", "./internal/backoff", "./internal/safehttp", "github.com/gophercloud/gophercloud/v2", "go.yaml.in/yaml/v3"},
	},
	{
		dir:    "observe",
		refuse: []string{".", "./transport", "./internal/fault"},
		allow:  []string{"log/slog"},
	},
	{
		dir: "zaqartest",
		refuse: []string{
			".", "./internal/wire", "./internal/plainjson", "./internal/fault", "./internal/clienttest", "./transport", "./auth", "./observe",
			"./webhook", "testing", "testing/synctest",
		},
		allow:        []string{"net/http", websocket, "./internal/msgpack", "./zaqartest/store", "./zaqartest/internal/broker"},
		allowInTests: []string{".", "testing", "./internal/plainjson"},
	},
	{
		dir:    "zaqartest/store",
		refuse: []string{".", "./internal/wire", "./internal/plainjson", "./transport", "testing"},
		allow:  []string{"sync", "./internal/msgpack"},
	},
	{
		dir: "zaqartest/internal/broker",
		refuse: []string{
			".", "./internal/wire", "./internal/msgpack", "./transport", "./zaqartest", "testing",
			"net/http", "net/http/httptest", websocket, websocket + "/wsjson",
		},
		allow:        []string{"time", "net/url", "./zaqartest/store"},
		allowInTests: []string{"testing", "./zaqartest"},
	},
	{
		dir:            "conformance",
		refuse:         []string{"./internal/wire", "./internal/fault", "github.com/stretchr/testify"},
		allow:          []string{"testing", ".", "./transport", "./zaqartest"},
		refusedInTests: []string{"./internal/wire"},
	},
	{dir: "webhook", refuse: []string{"./internal/wire"}, allow: []string{".", "./auth", "./transport"}, refusedInTests: []string{"./internal/clienttest"}},
	{dir: "admin", refuse: []string{"./internal/wire"}, allow: []string{".", "./auth", "./transport"}, refusedInTests: []string{"./internal/clienttest"}},
	{dir: "examples/worker", refuse: []string{"./internal/consumer"}, allow: []string{"."}},
	{dir: "cmd/zaqar", refuse: []string{"./internal/plainjson"}, allow: []string{".", "./zaqartest"}},
	{dir: "cmd/zaqar/internal/cli", refuse: []string{"./internal/plainjson"}, allow: []string{".", "./zaqartest"}},
	{dir: "integration/consumer", refuse: []string{"./internal/consumer"}, allow: []string{".", "./zaqartest"}},
}

// plants returns one plant for each import of the table.
func plants() []plant {
	var all []plant
	for _, b := range borders {
		for _, group := range []struct {
			paths        []string
			test, refuse bool
		}{{b.refuse, false, true}, {b.allow, false, false}, {b.refusedInTests, true, true}, {b.allowInTests, true, false}} {
			for _, p := range group.paths {
				suffix := ".go"
				if group.test {
					suffix = "_test.go"
				}
				file := path.Join(b.dir, fmt.Sprintf("plant%d%s", len(all), suffix))
				all = append(all, plant{dir: b.dir, path: p, test: group.test, refuse: group.refuse, file: file})
			}
		}
	}
	return all
}
