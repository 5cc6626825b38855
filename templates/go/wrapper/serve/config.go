package serve

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"knative-lambda.local/lambda"
)

// config is the environment, read once. Every problem is found before anything is said, so that one start shows all of them.
type config struct {
	tenant, name, host string
	port               int
	timeout, drain     time.Duration
	bodyLimit          int64
	level              level
	scheduler          *url.URL
	signingKey         string
	services           lambda.Services
	problems           []string
}

const idRule = "must be letters, digits, _ and -, at most 100, and begin with a letter or a digit"

func readConfig() config {
	c := config{signingKey: os.Getenv("SCHEDULER_SIGNING_KEY"), services: readServices()}
	// The function can read its environment; whoever holds this key can forge results.
	os.Unsetenv("SCHEDULER_SIGNING_KEY")
	c.tenant = c.id("FUNCTION_TENANT")
	c.timeout = c.seconds("TIMEOUT_SECONDS", "60", 0.001, "must be a number of seconds above 0")
	c.name = c.id("FUNCTION_NAME")
	c.port = int(c.count("PORT", "8080", 0, 65535, "must be a port: 0 to 65535"))
	c.host = fallback("HOST", "0.0.0.0")
	if c.host == "" {
		c.problem("HOST", "must not be empty")
	}
	c.bodyLimit = c.count("BODY_LIMIT_BYTES", "10485760", 1, 1<<31-1, "must be a number of bytes above 0")
	c.drain = c.seconds("DRAIN_SECONDS", "30", 0, "must be a number of seconds")
	c.level = level(slices.Index(levels[:fatalLevel], fallback("LOG_LEVEL", "info")))
	if c.level < 0 {
		c.level = infoLevel
		c.problem("LOG_LEVEL", "must be one of "+strings.Join(levels[:fatalLevel], ", "))
	}
	c.readScheduler()
	return c
}

func (c *config) problem(variable, rule string) {
	c.problems = append(c.problems, variable+" "+rule)
}

func fallback(variable, value string) string {
	if text, given := os.LookupEnv(variable); given {
		return text
	}
	return value
}

func (c *config) id(variable string) string {
	text := os.Getenv(variable)
	if !isID(text) {
		c.problem(variable, idRule)
	}
	return text
}

func (c *config) count(variable, value string, smallest, largest int64, rule string) int64 {
	text := fallback(variable, value)
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || !isDigits(text) || number < smallest || number > largest {
		c.problem(variable, rule)
	}
	return number
}

func (c *config) seconds(variable, value string, smallest float64, rule string) time.Duration {
	text := fallback(variable, value)
	number, err := strconv.ParseFloat(text, 64)
	whole, fraction, point := strings.Cut(text, ".")
	if err != nil || !isDigits(whole) || len(whole) > 6 || (point && !isDigits(fraction)) || number < smallest {
		c.problem(variable, rule)
	}
	return time.Duration(number * float64(time.Second))
}

// isID and isDigits are no regular expressions: compiling those takes longer than all the rest of a start.
func isID(text string) bool {
	for at, character := range []byte(text) {
		letter := character|32 >= 'a' && character|32 <= 'z'
		digit := character >= '0' && character <= '9'
		if !letter && !digit && (at == 0 || character != '_' && character != '-') {
			return false
		}
	}
	return text != "" && len(text) <= 100
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

func (c *config) readScheduler() {
	text := os.Getenv("SCHEDULER_URL")
	if text == "" {
		return
	}
	parsed, err := url.Parse(text)
	if err != nil || !isAddress(parsed) || strings.ContainsAny(text, " \\") {
		c.problem("SCHEDULER_URL", "must be an http or https URL")
		return
	}
	c.scheduler = parsed
}

func isAddress(u *url.URL) bool {
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return false
	}
	_, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil || u.Port() == ""
}

// readServices hands the addresses on; one that was not given has no default here, where it could only be wrong.
func readServices() lambda.Services {
	insecure := os.Getenv("GRPC_INSECURE")
	return lambda.Services{
		SubscriptionManager: os.Getenv("SUBSCRIPTION_MANAGER_ADDRESS"),
		EphemeralStorage:    os.Getenv("EPHEMERAL_STORAGE_ADDRESS"),
		PersistentStorage:   os.Getenv("PERSISTENT_STORAGE_ADDRESS"),
		FusionFetchProxy:    os.Getenv("FUSION_FETCH_PROXY_ADDRESS"),
		EVMRPC:              os.Getenv("EVM_RPC_ADDRESS"),
		SolanaRPC:           os.Getenv("SOLANA_RPC_ADDRESS"),
		SuiRPC:              os.Getenv("SUI_RPC_ADDRESS"),
		GRPCInsecure:        insecure == "true" || insecure == "1",
	}
}

// inSeconds writes a duration as a number of seconds, without zeros that say nothing.
func inSeconds(d time.Duration) string {
	return fmt.Sprint(d.Seconds())
}
