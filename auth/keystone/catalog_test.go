package keystone_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/auth/keystone"
)

func TestEndpointsAreFoundByTypeRegionAndInterface(t *testing.T) {
	for _, test := range []struct {
		name  string
		types []string
		opts  []keystone.Option
		want  string
	}{
		{"literal", []string{"messaging"}, nil, "https://one.test:8888/"},
		{"official name of an alias", []string{"message"}, nil, "https://one.test:8888/"},
		{"the first that is there", []string{"queuing", "messaging-websocket", "messaging"}, nil, "ws://one.test:9000/"},
		{"region", []string{"messaging"}, []keystone.Option{keystone.Region("RegionTwo")}, "https://two.test:8888/"},
		{"interface", []string{"messaging"}, []keystone.Option{keystone.Interface("internal")}, "http://10.0.0.1:8888/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := &fakeKeystone{}
			url, err := k.demo(test.opts...).Endpoint(context.Background(), test.types...)
			if url != test.want || err != nil {
				t.Errorf("%q, %v; want %q", url, err, test.want)
			}
		})
	}
}

func TestMissingEndpointSaysWhatThereIs(t *testing.T) {
	k := &fakeKeystone{}
	a := k.demo(keystone.Region("RegionTwo"), keystone.Interface("admin"))
	_, err := a.Endpoint(context.Background(), "messaging", "queuing")
	const want = "keystone: no such endpoint: messaging, queuing (interface admin, region RegionTwo) in the catalogue: it has " +
		"identity (public RegionOne), messaging (internal RegionOne, public RegionOne, public RegionTwo), messaging-websocket (public RegionOne)"
	if !errors.Is(err, keystone.ErrNoEndpoint) || err.Error() != want {
		t.Errorf("%v, want\n%s", err, want)
	}
}

func TestEmptyCatalogueIsExplainedByTheMissingProject(t *testing.T) {
	k := &fakeKeystone{answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Subject-Token", "unscoped")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"token": {"expires_at": "2100-01-01T00:00:00.000000Z", "issued_at": "2000-01-01T00:00:00.000000Z"}}`))
	}}
	_, err := k.demo().Endpoint(context.Background(), "messaging")
	if !errors.Is(err, keystone.ErrNoEndpoint) || !strings.Contains(err.Error(), "the token has no project") {
		t.Error(err)
	}
}

func TestRenewalBringsTheNewCatalogue(t *testing.T) {
	k := &fakeKeystone{}
	a := k.demo()
	old := token(t, a)
	k.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Subject-Token", "new")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"token": {"catalog": [{"type": "messaging", "endpoints": [{"interface": "public", "url": "https://moved.test"}]}]}}`))
	}
	a.Invalidate(withToken(old))
	if url, err := a.Endpoint(context.Background(), "messaging"); url != "https://moved.test/" || err != nil {
		t.Errorf("%q, %v", url, err)
	}
}
