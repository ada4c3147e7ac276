package zaqar_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/admin"
	"github.com/zaqar-go/zaqar/auth"
	"github.com/zaqar-go/zaqar/conformance"
	"github.com/zaqar-go/zaqar/transport"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// suspect matches the names of fields and types that may hold a secret.
var suspect = regexp.MustCompile(`(?i)\b\w*(uri|url|password|secret|token|header|endpoint|auth|key|subscriber|signature|credential|options)\w*\b`)

// exportedTypes returns the exported types of the packages in which something may be
// secret, with the name that reflect has for them.
func exportedTypes(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, dir := range []string{".", "transport", "auth", "auth/keystone", "admin", "observe", "webhook", "zaqartest", "conformance"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			fset := token.NewFileSet()
			parsed, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range parsed.Decls {
				types, ok := decl.(*ast.GenDecl)
				if !ok || types.Tok != token.TYPE {
					continue
				}
				for _, spec := range types.Specs {
					named, ok := spec.(*ast.TypeSpec)
					if !ok || !named.Name.IsExported() || named.Assign != 0 {
						continue
					}
					var text bytes.Buffer
					text.WriteString(named.Name.Name + " ")
					switch of := named.Type.(type) {
					case *ast.StructType:
						for _, field := range of.Fields.List {
							for _, name := range field.Names {
								if name.IsExported() {
									text.WriteString(name.Name + " ")
								}
							}
						}
					case *ast.Ident, *ast.MapType, *ast.ArrayType:
						if err := printer.Fprint(&text, fset, of); err != nil {
							t.Fatal(err)
						}
					default: // interfaces and functions hold nothing
						continue
					}
					if suspect.MatchString(text.String()) {
						found[parsed.Name.Name+"."+named.Name.Name] = true
					}
				}
			}
		}
	}
	return found
}

// harmless are types with a suspect name that this test need not look at, and why.
var harmless = map[string]string{
	"auth.Grant":                 "what it says is no secret",
	"auth.SignedURL":             "TestNothingPrintsASecret has one",
	"keystone.Auth":              "TestNothingPrintsASecret has one",
	"keystone.Error":             "the tests of package keystone look at it",
	"observe.TokenRenewed":       "it is about a token and does not hold it",
	"transport.WebSocketOptions": "its credentials are functions and interfaces",
	"zaqar.Subscriber":           "it reads queues",
	"zaqar.SubscriberConfig":     "it has no URI",
	"zaqar.SubscriberStats":      "it has numbers",
	"zaqartest.CatalogEntry":     "its URL has no user",
	"zaqartest.Fault":            "it is an answer that a test made up",
}

// TestEveryTypeThatMayHoldASecretPrintsWithoutIt puts a secret into every field that may
// hold one. A new type with such a field fails until it is here.
func TestEveryTypeThatMayHoldASecretPrintsWithoutIt(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-of-types"
	uri := "https://u:" + secret + "@hooks.example.com/" + secret + "?k=" + secret
	header := http.Header{"X-Auth-Token": {secret}, "Set-Cookie": {secret}, "Location": {uri}}
	options := zaqar.SubscriptionOptions{
		PostData: secret, PostHeaders: map[string]string{"X-Key": secret}, From: secret, Subject: secret, TrustID: secret,
		Extra: map[string]any{"key": secret},
	}
	values := []any{
		options,
		zaqar.SubscriptionConfig{Subscriber: uri, TTL: time.Minute, Options: options},
		zaqar.SubscriberURI(uri),
		transport.Request{Path: "/v2/queues?k=" + secret, Query: url.Values{"k": {secret}}, Header: header, Body: []byte(secret), Params: map[string]any{"k": secret}},
		transport.Response{Header: header, Body: []byte(secret)},
		auth.NewSecret(secret),
		admin.URI(uri),
		admin.Options{"password": secret},
		admin.Pool{Name: "p", URI: uri, Options: map[string]any{"password": secret}},
		zaqartest.User{Name: "demo", Password: secret},
		zaqartest.Seen{Path: "/x?k=" + secret, Body: []byte(secret), Kind: "subscription_create"},
		zaqartest.Delivery{Subscriber: uri, Header: header, Kind: "SubscriptionConfirmation", Body: []byte(secret)},
		zaqartest.StoredSubscription{Subscriber: uri, Options: []byte(`{"key":"` + secret + `"}`)},
		conformance.Target{Endpoint: uri, SigningKey: secret, Auth: auth.Token(secret, "p"), WebSocket: uri},
	}
	missing := exportedTypes(t)
	for _, value := range values {
		delete(missing, reflect.TypeOf(value).String())
		// Held in a list, a map, a pointer and an exported field.
		held := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "Held", Type: reflect.TypeOf(value)}}))
		held.Elem().Field(0).Set(reflect.ValueOf(value))
		for _, form := range []any{value, []any{value}, map[string]any{"a": value}, held.Interface(), held.Elem().Interface()} {
			for _, text := range printedForms(form) {
				if strings.Contains(text, secret) || strings.Contains(text, hexOf(secret)) {
					t.Errorf("%T shows a secret: %s", value, text)
				}
			}
		}
	}
	for name := range harmless {
		delete(missing, name)
	}
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		t.Errorf("%s may hold a secret: add a value of it to this test", name)
	}
}
