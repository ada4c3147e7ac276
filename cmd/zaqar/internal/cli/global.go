package cli

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// globalOptions are the options that all commands which connect have.
type globalOptions struct {
	cloud string
	// settings are the values of the flags in cloudFlags, by setting.
	settings  map[string]*string
	insecure  bool
	endpoint  string
	project   string
	signedURL string
	version   string
	transport string
	clientID  string
	debug     bool
	timing    bool
	waits     bool // the command waits for messages, so it tells of outages
	cache     bool

	flags *pflag.FlagSet
	times *timings
}

const (
	groupCloud   = "Cloud and credentials (the OS_* variables, which flags override)"
	groupDirect  = "Without Keystone"
	groupRequest = "Requests"
)

// cloudFlag is a global flag for one setting of OpenStack's. Its variable has the flag's
// name in capitals: OS_AUTH_URL.
type cloudFlag struct {
	name, setting string
	// usage has the unit in backquotes: help shows it as the name of the value.
	usage string
}

// cloudFlags are OpenStack's names.
var cloudFlags = []cloudFlag{
	{"os-auth-type", "auth_type", "`kind` of sign-in: password, token, v3applicationcredential, none"},
	{"os-auth-url", "auth_url", "Keystone's `URL`"},
	{"os-username", "username", "user's `name`"},
	{"os-user-id", "user_id", "user's `id`"},
	{"os-password", "password", "user's `password`; others on this machine can see it"},
	{"os-passcode", "passcode", "one-time `passcode` (TOTP)"},
	{"os-user-domain-name", "user_domain_name", "`name` of the user's domain"},
	{"os-user-domain-id", "user_domain_id", "`id` of the user's domain"},
	{"os-project-name", "project_name", "project's `name`"},
	{"os-project-id", "project_id", "project's `id`"},
	{"os-project-domain-name", "project_domain_name", "`name` of the project's domain"},
	{"os-project-domain-id", "project_domain_id", "`id` of the project's domain"},
	{"os-domain-name", "domain_name", "`name` of the domain to sign in to"},
	{"os-domain-id", "domain_id", "`id` of the domain to sign in to"},
	{"os-default-domain", "default_domain", "`id` of the domain of user and project"},
	{"os-trust-id", "trust_id", "`id` of a trust"},
	{"os-system-scope", "system_scope", "sign in to the whole system: `all`"},
	{"os-token", "token", "a `token`; others on this machine can see it"},
	{"os-application-credential-id", "application_credential_id", "`id` of an application credential"},
	{"os-application-credential-name", "application_credential_name", "`name` of an application credential"},
	{"os-application-credential-secret", "application_credential_secret", "its `secret`; others on this machine can see it"},
	{"os-region-name", "region_name", "`region` of the cloud"},
	{"os-interface", "interface", "`interface`: public, internal or admin"},
	{"os-cacert", "cacert", "trust the authorities in this PEM `file`"},
	{"os-cert", "cert", "client certificate, a PEM `file`"},
	{"os-key", "key", "its private key, a PEM `file`"},
}

// otherNames are further names of flags. The openstack command has some of them.
var otherNames = map[string]string{
	"os-queues-api-version": "api-version",
	"project":               "project-id",
	"os-endpoint":           "endpoint",
	"os-user-name":          "os-username",
	"os-auth-plugin":        "os-auth-type",
}

// flagName is the name of a flag that was spelled in another way: with underscores, as
// some flags of the openstack command are.
func flagName(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	name = strings.ReplaceAll(name, "_", "-")
	if usual, ok := otherNames[name]; ok {
		name = usual
	}
	return pflag.NormalizedName(name)
}

// add adds the flags to the root command, for all commands.
func (g *globalOptions) add(root *cobra.Command) {
	root.SetGlobalNormalizationFunc(flagName)
	flags := root.PersistentFlags()
	flags.SortFlags = false
	g.flags = flags
	flags.StringVar(&g.cloud, "os-cloud", "", "use this `cloud` of clouds.yaml")
	inGroup(flags, groupCloud, "os-cloud")
	g.settings = map[string]*string{}
	for _, f := range cloudFlags {
		g.settings[f.setting] = flags.String(f.name, "", f.usage)
		inGroup(flags, groupCloud, f.name)
	}
	flags.BoolVar(&g.insecure, "insecure", false, "accept any certificate: anybody on the network path can read and change everything")
	flags.BoolVar(&g.cache, "token-cache", truth(os.Getenv(tokenCacheVariable)), "keep the token in a file for the next commands (default: "+tokenCacheVariable+")")
	inGroup(flags, groupCloud, "insecure", "token-cache")

	flags.StringVar(&g.endpoint, "endpoint", "", "use the Zaqar at this `URL`, whatever the catalogue says")
	flags.StringVar(&g.project, "project-id", "", "use this `project` of a server without authentication")
	flags.StringVar(&g.signedURL, "signed-url", "", "use a signed URL instead of credentials: its `text`, or @FILE (default: "+signedURLVariable+")")
	inGroup(flags, groupDirect, "endpoint", "project-id", "signed-url")

	flags.StringVar(&g.version, "api-version", "", "use this `version` of Zaqar's API: 1, 1.1 or 2 (default: OS_QUEUES_API_VERSION, or the newest)")
	flags.StringVar(&g.transport, "transport", "http", "send requests over `http|ws`; ws is the WebSocket, where it can")
	flags.StringVar(&g.clientID, "client-id", "", "be known to the server by this `UUID` (default: OS_MESSAGE_CLIENT_ID, or a random one)")
	flags.BoolVar(&g.debug, "debug", false, "print requests and answers to standard error, without secrets")
	flags.BoolVar(&g.timing, "timing", false, "print how long requests took to standard error")
	inGroup(flags, groupRequest, "api-version", "transport", "client-id", "debug", "timing")
}

// offline is the annotation of commands that do not connect.
const offline = "offline"

// refuseIdle refuses global flags that have no effect on a command.
func (g *globalOptions) refuseIdle(cmd *cobra.Command) error {
	if cmd.Annotations[offline] == "" {
		return nil
	}
	if used := g.changed(); len(used) > 0 {
		return badUsage("%s connects to no cloud, so --%s has no effect; remove it", cmd.CommandPath(), used[0])
	}
	return nil
}

// changed returns the names of the global flags on the command line.
func (g *globalOptions) changed() []string {
	var names []string
	g.flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			names = append(names, f.Name)
		}
	})
	return names
}

// changedIn returns those of the named flags that are on the command line.
func (g *globalOptions) changedIn(names ...string) []string {
	return slices.DeleteFunc(g.changed(), func(name string) bool { return !slices.Contains(names, name) })
}

// truth reads the value of a variable that turns something on.
func truth(value string) bool {
	switch strings.ToLower(value) {
	case "", "0", "no", "n", "off", "false":
		return false
	}
	return true
}
