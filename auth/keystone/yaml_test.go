package keystone_test

import (
	"strings"
	"testing"

	"github.com/zaqar-go/zaqar/auth/keystone"
)

// askedBy signs in with the cloud "c" of a clouds.yaml and returns what Keystone was
// asked for.
func askedBy(t *testing.T, cloudsYAML string) string {
	t.Helper()
	write(t, cleanEnvironment(t, nil), map[string]string{"clouds.yaml": cloudsYAML})
	k := &fakeKeystone{}
	token(t, keystone.FromCloud("c", k.client()))
	return k.last()
}

func TestExplicitKeysWinWhereverTheMergeStands(t *testing.T) {
	const anchors = `
x-one: &one {auth_url: "https://keystone.test:5000", username: demo, password: x, project_name: one, user_domain_name: One, project_domain_name: One}
x-two: &two {project_name: two, user_domain_name: Two}
x-nested: &nested {user_domain_name: Nested, <<: *one}
x-nulls: &nulls {project_name: null, <<: *one}
clouds:
`
	for _, test := range []struct{ name, cloud, want string }{
		{"the merge is first", `c: {auth: {<<: *one, project_name: mine}}`, `"name":"mine"`},
		{"the merge is last", `c: {auth: {project_name: mine, <<: *one}}`, `"name":"mine"`},
		{"the merge is in the middle", `c: {auth: {project_name: mine, <<: *one, username: me}}`, `"name":"mine"`},
		{"the merge is last in a block", "\n  c:\n    auth:\n      project_name: mine\n      <<: *one\n", `"name":"mine"`},
		{"the merge is written out", `c: {auth: {project_name: mine, <<: {auth_url: "https://keystone.test:5000", username: demo, password: x, project_name: one}}}`, `"name":"mine"`},
		{"the key is tagged", `c: {auth: {project_name: mine, !!merge "<<": *one}}`, `"name":"mine"`},
		{"a list: earlier maps win", `c: {auth: {<<: [*two, *one]}}`, `"name":"two"`},
		{"a list that is last: earlier maps win", `c: {auth: {username: me, <<: [*one, *two]}}`, `"name":"one"`},
		{"a list: explicit keys win", `c: {auth: {project_name: mine, <<: [*two, *one]}}`, `"name":"mine"`},
		{"two merges: the later wins", `c: {auth: {<<: *two, <<: *one}}`, `"name":"one"`},
		{"a merged map has a merge", `c: {auth: {project_name: mine, <<: *nested}}`, `{"domain":{"name":"Nested"}`},
		{"the last of equal keys wins", `c: {auth: {project_name: first, <<: *one, project_name: mine}}`, `"name":"mine"`},
		{"an explicit null wins", `c: {auth: {<<: *nulls, trust_id: t}}`, `"scope":{"OS-TRUST:trust":{"id":"t"}}`},
		{"outer keys win over a merged map as a whole", `c: {<<: {auth: *two}, auth: *one}`, `"name":"one"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := askedBy(t, anchors+"  "+test.cloud); !strings.Contains(got, test.want) {
				t.Errorf("asked\n%s, want …%s…", got, test.want)
			}
		})
	}
}

func TestAQuotedMergeKeyIsAnOrdinaryKey(t *testing.T) {
	got := askedBy(t, `clouds: {c: {auth: {"<<": {username: other}, auth_url: "https://keystone.test", username: demo, password: x}}}`)
	if !strings.Contains(got, `"name":"demo"`) {
		t.Errorf("asked\n%s", got)
	}
}

func TestYAMLErrorsNameTheFileAndTheLine(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"clouds:\n  c:\n    auth: [s3cret\n", "clouds.yaml, line 3: what begins here is not valid YAML: did not find expected ',' or ']'"},
		{"clouds:\n  c:\n    auth: {}\n   x: s3cret\n", "clouds.yaml, line 2: what begins here is not valid YAML: did not find expected key"},
		{"clouds:\n  c:\n\tauth: s3cret\n", "clouds.yaml, line 3: it is not valid YAML: found character that cannot start any token"},
		{"clouds:\n  c: {auth: *s3cret}\n", "clouds.yaml: it is not valid YAML: an alias has no anchor"},
		{"clouds:\n  c:\n    <<: s3cret\n", "clouds.yaml, line 3: the merge key << needs a map or a list of maps"},
		{"clouds:\n  c:\n    <<: [s3cret]\n", "clouds.yaml, line 3: the merge key << needs a map or a list of maps"},
		{"clouds:\n  c: &c\n    <<: *c\n", "clouds.yaml, line 3: an alias contains itself"},
		{"clouds:\n  c:\n    [s3cret]: x\n", "clouds.yaml, line 3: a key is not text"},
		{"- s3cret\n", "clouds.yaml, line 1: clouds is missing: the file must be a map"},
		{"clouds: [s3cret]\n", "clouds.yaml, line 1: clouds must be a map"},
		{"clouds:\n  c: s3cret\n", `clouds.yaml, line 2: cloud "c" must be a map`},
		{"clouds:\n  c:\n    auth: s3cret\n", `clouds.yaml, line 3: auth of cloud "c" must be a map`},
	} {
		write(t, cleanEnvironment(t, nil), map[string]string{"clouds.yaml": test.text})
		err := keystone.FromCloud("c").Validate()
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v, want …%s", test.text, err, test.want)
		}
	}
}

func TestManyAliasesCostNothing(t *testing.T) {
	// Ten lists of ten aliases each: ten billion items, if each alias were a copy.
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		from, to := string(rune('0'+i)), string(rune('1'+i))
		text += "a" + to + ": &a" + to + " [" + strings.Repeat("*a"+from+", ", 10) + "]\n"
	}
	text += "clouds: {c: {regions: *a9, auth: {auth_url: 'https://keystone.test', username: demo, password: x}}}\n"
	if got := askedBy(t, text); !strings.Contains(got, `"name":"demo"`) {
		t.Errorf("asked\n%s", got)
	}
}
