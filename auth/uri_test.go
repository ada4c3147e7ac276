package auth_test

import (
	"fmt"
	"testing"

	"github.com/zaqar-go/zaqar/auth"
)

func TestARedactedURIHasItsSchemeAndHostOnly(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string]string{
		"":                                       "",
		"https://u:pw@hooks.example.com/T0/B0?k": "https://hooks.example.com",
		"redis://:pw@10.0.0.5:6379?dbid=1#pw":    "redis://10.0.0.5:6379",
		"trust+https://u:pw@h/pw":                "trust+https://h",
		"mailto:someone@example.com":             "mailto:[redacted]",
		"redis:pw@h":                             "redis:[redacted]",
		"zaqar:?signature=pw":                    "zaqar:[redacted]",
		"mongodb://a:pw@h1,b:pw@h2/pw":           "mongodb://h2",
		"pw":                                     "[redacted]",
		"http://u:pw@h:port":                     "[redacted]",
		"\x00pw":                                 "[redacted]",
	} {
		if got := auth.RedactURI(uri); got != want {
			t.Errorf("%q is printed as %q, want %q", uri, got, want)
		}
	}
}

func ExampleRedactURI() {
	fmt.Println(auth.RedactURI("redis://zaqar:s3cr3t@10.0.0.5:6379?dbid=1"))
	// Output: redis://10.0.0.5:6379
}
