package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zaqar-go/zaqar"
	"github.com/zaqar-go/zaqar/zaqartest"
)

// callTimeout limits each call of the tour. It is shorter than the library's default,
// because an interrupted tour waits for the call that is under way.
const callTimeout = 30 * time.Second

// target is a Zaqar to run the tour on.
type target struct {
	// intro is a sentence that names the target.
	intro string
	// code is the Go code that connects, line by line.
	code []string
	// lasting is true if queues outlive the program there.
	lasting  bool
	endpoint string
	options  []zaqar.ConnectOption
	close    func()
}

func (t *target) connect(ctx context.Context) (*zaqar.Client, error) {
	options := slices.Concat(t.options, []zaqar.ConnectOption{zaqar.WithTimeout(callTimeout), zaqar.WithUserAgent("zaqar-tour")})
	return zaqar.Connect(ctx, t.endpoint, options...)
}

// tourTarget returns the embedded server, or the Zaqar that global flags select. Variables
// of the environment select one only if embedded is false.
func (a *App) tourTarget(embedded bool) (*target, error) {
	g := &a.global
	named := g.cloud != "" || g.endpoint != "" || g.signedURL != "" || g.project != "" || g.namesCredentials()
	if !named && embedded {
		if used := g.changed(); len(used) > 0 {
			return nil, badUsage("--%s needs a cloud: name the cloud with --os-cloud, or use the OS_* variables with --embedded=false", used[0])
		}
		return embed()
	}
	if g.signedURL != "" {
		return nil, badUsage("a signed URL allows too little for the tour; use --os-cloud or --endpoint")
	}
	endpoint, options, err := g.target(a.Streams)
	if err != nil {
		return nil, err
	}
	t := &target{lasting: true, endpoint: endpoint, options: options, close: func() {}}
	t.intro, t.code = g.described()
	return t, nil
}

// described names the selected Zaqar, and returns the Go code that connects to it.
func (g *globalOptions) described() (intro string, code []string) {
	if g.withoutKeystone() {
		at := g.endpointWithoutKeystone()
		project := cmp.Or(g.project, os.Getenv("OS_PROJECT_ID"), os.Getenv("OS_PROJECT_NAME"))
		return "On the Zaqar at " + at + ", without authentication.",
			[]string{fmt.Sprintf("client, err := zaqar.Connect(ctx, %q, zaqar.WithProject(%q))", at, project)}
	}
	constructor, arguments := "FromEnv", []string(nil)
	switch {
	case g.cloud != "":
		intro = "On the cloud " + g.cloud + " of clouds.yaml."
		constructor, arguments = "FromCloud", []string{strconv.Quote(g.cloud)}
	case os.Getenv("OS_CLOUD") != "":
		intro = "On the cloud " + os.Getenv("OS_CLOUD") + " of clouds.yaml, which OS_CLOUD names."
	default:
		intro = "On the cloud that flags and the OS_* variables name."
	}
	for _, f := range cloudFlags {
		value := *g.settings[f.setting]
		switch {
		case value == "":
		case f.setting == "region_name":
			arguments = append(arguments, fmt.Sprintf("keystone.Region(%q)", value))
		case f.setting == "interface":
			arguments = append(arguments, fmt.Sprintf("keystone.Interface(%q)", value))
		case f.secret():
			arguments = append(arguments, fmt.Sprintf("keystone.Setting(%q, secret)", f.setting))
		default:
			arguments = append(arguments, fmt.Sprintf("keystone.Setting(%q, %q)", f.setting, value))
		}
	}
	return intro, []string{
		fmt.Sprintf("credentials := keystone.%s(%s)", constructor, strings.Join(arguments, ", ")),
		fmt.Sprintf(`client, err := zaqar.Connect(ctx, %q, zaqar.WithAuth(credentials))`, g.endpoint),
	}
}

// secret reports whether the flag's value must not be printed.
func (f cloudFlag) secret() bool {
	switch f.setting {
	case "password", "passcode", "token", "application_credential_secret":
		return true
	}
	return false
}

// credentials are the variables that select a cloud. Other OS_ variables only change
// settings, or do not belong to OpenStack.
var credentials = []string{
	"OS_CLOUD", "OS_AUTH_URL", "OS_AUTH_TYPE", "OS_USERNAME", "OS_USER_ID", "OS_TOKEN",
	"OS_APPLICATION_CREDENTIAL_ID", "OS_APPLICATION_CREDENTIAL_NAME", "OS_ENDPOINT",
}

func hasCredentials() bool {
	return slices.ContainsFunc(credentials, func(name string) bool { return os.Getenv(name) != "" })
}

// embed starts a server inside the program. It uses no network.
func embed() (*target, error) {
	server, err := zaqartest.NewServer()
	if err == nil {
		err = server.ListenInMemory()
	}
	if err != nil {
		return nil, err
	}
	return &target{
		intro: "On an embedded Zaqar, which runs inside this program and ends with it.",
		code: []string{
			`server, err := zaqartest.NewServer()`,
			`err = server.ListenInMemory()`,
			`client, err := zaqar.Connect(ctx, server.URL(),`,
			`    zaqar.WithHTTPClient(server.HTTPClient()), zaqar.WithProject("demo"))`,
		},
		endpoint: server.URL(),
		options:  []zaqar.ConnectOption{zaqar.WithHTTPClient(server.HTTPClient()), zaqar.WithProject("demo")},
		close:    func() { _ = server.Close() },
	}, nil
}
