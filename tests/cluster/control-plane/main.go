// The control plane of a test cluster as one program: what stands behind it is Kubernetes' own code, linked once instead of four times.
// The first argument, or the name it is called by, says which part it is.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	_ "time/tzdata" // schedules of CronJobs name time zones

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kubectl "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	args := os.Args
	part := filepath.Base(args[0])
	if len(args) > 1 && part == "control-plane" {
		part, args = args[1], args[1:]
		// The commands below read the arguments from here.
		os.Args = args
	}
	switch part {
	case "etcd":
		etcdmain.Main(args)
	case "kube-apiserver":
		run(apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		run(controllers.NewControllerManagerCommand())
	case "kubectl":
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			util.CheckErr(err)
		}
	default:
		fmt.Fprintln(os.Stderr, "control-plane etcd|kube-apiserver|kube-controller-manager|kubectl <arguments>")
		os.Exit(2)
	}
}

func run(command *cobra.Command) { os.Exit(cli.Run(command)) }
