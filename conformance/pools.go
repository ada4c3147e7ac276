package conformance

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/admin"
	"github.com/zaqar-go/zaqar/auth"
)

var pools = []behaviour{
	{"a pool is made, read, replaced and deleted", func(t *testing.T, s *suite) {
		operator := s.operator(t)
		want := admin.Pool{Name: poolName(), URI: s.PoolURI(), Weight: 7, Options: map[string]any{"max_retry_sleep": "1"}}
		makePool(t, operator, want)
		if got, err := operator.Pool(t.Context(), want.Name); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("read %v with %v, %v", got, got.Options, err)
		}
		want.Weight, want.URI, want.Options = 0, s.PoolURI(), nil
		if err := operator.CreatePool(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		if got, err := operator.Pool(t.Context(), want.Name); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("replaced it is %v with %v, %v", got, got.Options, err)
		}
		for range 2 {
			if err := operator.DeletePool(t.Context(), want.Name); err != nil {
				t.Fatal(err)
			}
		}
		_, err := operator.Pool(t.Context(), want.Name)
		matches(t, err, zaqar.ErrNotFound)
		_, err = operator.UpdatePool(t.Context(), want.Name, admin.Weight(1))
		matches(t, err, zaqar.ErrNotFound)
	}},
	{"a pool can be changed", func(t *testing.T, s *suite) {
		operator := s.operator(t)
		want := admin.Pool{Name: poolName(), URI: s.PoolURI()}
		makePool(t, operator, want)
		want.Weight, want.Options = 5, map[string]any{"a": "b"}
		if got, err := operator.UpdatePool(t.Context(), want.Name, admin.Weight(5), admin.Options(want.Options)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("it is %v with %v, %v", got, got.Options, err)
		}
		want.URI, want.Options = s.PoolURI(), nil
		if got, err := operator.UpdatePool(t.Context(), want.Name, admin.URI(want.URI), admin.Options(nil)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("it is %v with %v, %v", got, got.Options, err)
		}
	}},
	{"pools are listed, more than fit one page", func(t *testing.T, s *suite) {
		operator := s.operator(t)
		var want []string
		for i := range 23 {
			p := admin.Pool{Name: poolName(), URI: s.PoolURI(), Options: map[string]any{"n": fmt.Sprint(i)}}
			makePool(t, operator, p)
			want = append(want, p.Name)
		}
		slices.Sort(want)
		var got []string
		for _, p := range all(t, operator.Pools(t.Context())) {
			if slices.Contains(want, p.Name) {
				got = append(got, p.Name)
				if p.Options["n"] == nil || p.URI == "" {
					t.Errorf("%v comes without its options", p)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("listed %v, want %v", got, want)
		}
	}},
	{"a pool that the server does not take is refused without showing its password", func(t *testing.T, s *suite) {
		operator := s.operator(t)
		err := operator.CreatePool(t.Context(), admin.Pool{Name: poolName(), URI: "nothing://user:s3cr3t@127.0.0.1:9/"})
		matches(t, err, zaqar.ErrInvalid)
		if err != nil && strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("the error is %v", err)
		}
	}},
	{"who is no operator is refused", func(t *testing.T, s *suite) {
		client := admin.New(s.client(t))
		_, err := zaqar.Collect(client.Pools(t.Context()))
		matches(t, err, zaqar.ErrForbidden)
		matches(t, client.CreatePool(t.Context(), admin.Pool{Name: poolName(), URI: s.PoolURI()}), zaqar.ErrForbidden)
		if _, err := zaqar.Collect(client.Flavors(t.Context())); err != nil {
			t.Errorf("flavors: %v", err)
		}
	}},
	{"health tells of each pool", func(t *testing.T, s *suite) {
		operator := s.operator(t)
		p := admin.Pool{Name: poolName(), URI: s.PoolURI()}
		makePool(t, operator, p)
		health, err := operator.Health(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if pool, ok := health.Pools[p.Name]; !ok || !pool.OK() || !health.CatalogReachable {
			t.Errorf("health is %+v", health)
		}
	}},
	{"the number of queues is told, or not", func(t *testing.T, s *suite) {
		operator := s.operator(t)
		makePool(t, operator, admin.Pool{Name: poolName(), URI: s.PoolURI(), Weight: 1})
		s.queue(t)
		n, ok, err := s.client(t).CountQueues(t.Context())
		if err != nil || ok == s.differs(t, 21) || ok && n < 1 {
			t.Errorf("%d, %v, %v", n, ok, err)
		}
	}},
	{"every message of a queue in a pool is listed and heard, the first one too", func(t *testing.T, s *suite) {
		operator := s.operator(t)
		makePool(t, operator, admin.Pool{Name: poolName(), URI: s.PoolURI(), Weight: 1})
		client := s.client(t)
		q := s.queueOf(t, client)
		want := post(t, q, numbered(25)...)
		claim(t, q, zaqar.Limit(1))
		if got := ids(all(t, q.Messages(t.Context(), zaqar.IncludeClaimed(true)))); !slices.Equal(got, want) {
			t.Errorf("%d are listed, want %d", len(got), len(want))
		}
		sub := client.Subscriber(zaqar.SubscriberConfig{})
		if err := sub.Subscribe(q.Name()); err != nil {
			t.Fatal(err)
		}
		if got := ids(hear(t, sub, len(want))); !slices.Equal(got, want) {
			t.Errorf("heard %v, want %v", got, want)
		}
	}},
}

var flavors = []behaviour{
	{"a flavor is made of pools, read, changed and deleted", func(t *testing.T, s *suite) {
		operator := s.operator(t)
		one, two := admin.Pool{Name: poolName(), URI: s.PoolURI()}, admin.Pool{Name: poolName(), URI: s.PoolURI()}
		makePool(t, operator, one)
		makePool(t, operator, two)
		f := admin.Flavor{Name: poolName(), Pools: []string{one.Name}}
		makeFlavor(t, operator, f)
		got, err := operator.Flavor(t.Context(), f.Name)
		if err != nil || !slices.Equal(got.Pools, f.Pools) || len(got.Capabilities) == 0 {
			t.Errorf("read %v with %v, %v", got, got.Capabilities, err)
		}
		if p, err := operator.Pool(t.Context(), one.Name); err != nil || p.Flavor != f.Name {
			t.Errorf("its pool is %v, %v", p, err)
		}
		both := []string{one.Name, two.Name}
		slices.Sort(both)
		got, err = operator.UpdateFlavor(t.Context(), f.Name, both...)
		slices.Sort(got.Pools)
		if err != nil || !slices.Equal(got.Pools, both) {
			t.Errorf("changed it is %v, %v", got, err)
		}
		matches(t, operator.CreateFlavor(t.Context(), admin.Flavor{Name: poolName(), Pools: []string{"no-such-pool"}}), zaqar.ErrInvalid)
		for range 2 {
			if err := operator.DeleteFlavor(t.Context(), f.Name); err != nil {
				t.Fatal(err)
			}
		}
		_, err = operator.Flavor(t.Context(), f.Name)
		matches(t, err, zaqar.ErrNotFound)
		_, err = operator.UpdateFlavor(t.Context(), f.Name, one.Name)
		matches(t, err, zaqar.ErrNotFound)
	}},
	{"a flavor of v1.1 has capabilities", func(t *testing.T, s *suite) {
		operator := s.operator(t)
		f := admin.Flavor{Name: poolName(), Capabilities: []string{"CLAIMS", "FIFO"}}
		makeFlavor(t, operator, f)
		if got, err := operator.Flavor(t.Context(), f.Name); err != nil || !reflect.DeepEqual(got, f) {
			t.Errorf("read %v with %v, %v", got, got.Capabilities, err)
		}
		if err := operator.DeleteFlavor(t.Context(), f.Name); err != nil {
			t.Fatal(err)
		}
		_, err := operator.Flavor(t.Context(), f.Name)
		matches(t, err, zaqar.ErrNotFound)
	}},
	{"flavors are listed, more than fit one page", func(t *testing.T, s *suite) {
		operator := s.operator(t)
		p := admin.Pool{Name: poolName(), URI: s.PoolURI()}
		var want []string
		if s.version == zaqar.V2 {
			makePool(t, operator, p)
		}
		for range 23 {
			f := admin.Flavor{Name: poolName()}
			if s.version == zaqar.V2 {
				f.Pools = []string{p.Name}
			}
			makeFlavor(t, operator, f)
			want = append(want, f.Name)
		}
		slices.Sort(want)
		var got []string
		for _, f := range all(t, operator.Flavors(t.Context())) {
			if slices.Contains(want, f.Name) {
				got = append(got, f.Name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("listed %v, want %v", got, want)
		}
	}},
	{"a queue can ask for a flavor", func(t *testing.T, s *suite) {
		operator := s.operator(t)
		p := admin.Pool{Name: poolName(), URI: s.PoolURI(), Weight: 1}
		makePool(t, operator, p)
		f := admin.Flavor{Name: poolName(), Pools: []string{p.Name}}
		makeFlavor(t, operator, f)
		q := s.queueOf(t, s.operatorClient(t), zaqar.Reserved{Flavor: f.Name}) // flavors belong to a project
		post(t, q, "in the flavor")
		if found := all(t, q.Messages(t.Context())); len(found) != 1 {
			t.Errorf("found %v", found)
		}
	}},
}

func (s *suite) operator(t *testing.T) *admin.Client {
	t.Helper()
	return admin.New(s.operatorClient(t))
}

// operatorClient returns a client with the rights of an administrator.
func (s *suite) operatorClient(t *testing.T) *zaqar.Client {
	t.Helper()
	own := *s
	own.Auth = s.Operator
	if own.Auth == nil {
		own.Auth = auth.Func(func(_ context.Context, h http.Header) error {
			h.Set(auth.HeaderProject, s.project)
			h.Set("X-Roles", "admin")
			return nil
		})
	}
	return own.client(t)
}

func poolName() string { return "c-" + strings.ToLower(rand.Text()) }

// makePool creates a pool that is deleted at the end of the case.
func makePool(t *testing.T, operator *admin.Client, p admin.Pool) {
	t.Helper()
	if err := operator.CreatePool(t.Context(), p); err != nil {
		t.Fatalf("pool: %v", err)
	}
	t.Cleanup(func() {
		if err := operator.DeletePool(context.WithoutCancel(t.Context()), p.Name); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
}

func makeFlavor(t *testing.T, operator *admin.Client, f admin.Flavor) {
	t.Helper()
	if err := operator.CreateFlavor(t.Context(), f); err != nil {
		t.Fatalf("flavor: %v", err)
	}
	t.Cleanup(func() {
		if err := operator.DeleteFlavor(context.WithoutCancel(t.Context()), f.Name); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
}
