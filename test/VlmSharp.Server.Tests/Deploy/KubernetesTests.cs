using System.Globalization;
using k8s;
using k8s.Models;
using YamlDotNet.Core;

namespace VlmSharp.Server.Tests.Deploy;

/// <summary>
/// Reads the manifests with Kubernetes' own models, which refuse unknown members, and checks that the manifests agree.
/// </summary>
public sealed class KubernetesTests
{
    private static readonly object[] Objects =
    [
        .. Directory.GetFiles(DeployFiles.Of("deploy", "kubernetes"), "*.yaml")
            .SelectMany(path => KubernetesYaml.LoadAllFromString(File.ReadAllText(path), strict: true))
    ];

    private static V1Deployment Deployment => One<V1Deployment>();

    private static V1PodSpec Pod => Deployment.Spec.Template.Spec;

    private static V1Container Container => Assert.Single(Pod.Containers);

    private static T One<T>() => Assert.Single(Objects.OfType<T>());

    [Fact]
    public void A_misspelled_member_is_refused()
    {
        string text = DeployFiles.Read("kubernetes", "deployment.yaml");
        Assert.ThrowsAny<YamlException>(() =>
            KubernetesYaml.LoadAllFromString(text.Replace("readinessProbe", "readynessProbe", StringComparison.Ordinal), strict: true));
    }

    [Fact]
    public void The_manifests_hold_every_object_that_the_service_needs()
    {
        Assert.Equal(
            [
                nameof(V1Deployment), nameof(V1NetworkPolicy), nameof(V1PersistentVolumeClaim), nameof(V1PodDisruptionBudget),
                nameof(V1Service), nameof(V2HorizontalPodAutoscaler)
            ],
            Objects.Select(o => o.GetType().Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void All_manifests_name_the_same_pods_and_ports()
    {
        IDictionary<string, string> labels = Deployment.Spec.Template.Metadata.Labels;
        Assert.Equal(labels, Deployment.Spec.Selector.MatchLabels);
        Assert.Equal(labels, One<V1Service>().Spec.Selector);
        Assert.Equal(labels, One<V1PodDisruptionBudget>().Spec.Selector.MatchLabels);
        Assert.Equal(labels, One<V1NetworkPolicy>().Spec.PodSelector.MatchLabels);
        V2CrossVersionObjectReference scaled = One<V2HorizontalPodAutoscaler>().Spec.ScaleTargetRef;
        Assert.Equal((Deployment.ApiVersion, Deployment.Kind, Deployment.Metadata.Name), (scaled.ApiVersion, scaled.Kind, scaled.Name));
        V1ContainerPort port = Assert.Single(Container.Ports);
        Assert.Equal(Dockerfile.Stages["cpu"].Port, port.ContainerPort.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(port.Name, Assert.Single(One<V1Service>().Spec.Ports).TargetPort.Value);
        Assert.Equal(port.Name, Assert.Single(Assert.Single(One<V1NetworkPolicy>().Spec.Ingress).Ports).Port.Value);
        Assert.All(
            [Container.StartupProbe, Container.ReadinessProbe, Container.LivenessProbe],
            probe => Assert.Equal(port.Name, probe.HttpGet.Port.Value));
    }

    [Fact]
    public void A_server_that_loads_or_drains_is_not_killed_and_gets_no_requests()
    {
        Assert.Equal(
            ("/health/ready", "/health/ready", "/health/live"),
            (Container.StartupProbe.HttpGet.Path, Container.ReadinessProbe.HttpGet.Path, Container.LivenessProbe.HttpGet.Path));
        double drain = double.Parse(Container.Env.Single(v => v.Name == "VLMSHARP_DRAIN").Value, CultureInfo.InvariantCulture);
        // 7 s more, to tell the clients whose answers were not finished
        Assert.True(Pod.TerminationGracePeriodSeconds > Container.Lifecycle.PreStop.Sleep.Seconds + drain + 7);
        Assert.Equal(0, Pod.EnableServiceLinks == false ? 0 : 1); // otherwise Kubernetes sets VLMSHARP_PORT to tcp://...
    }

    [Fact]
    public void The_container_may_do_nothing_but_serve()
    {
        Assert.Equal(Dockerfile.Stages["cpu"].User, $"{Pod.SecurityContext.RunAsUser}:{Pod.SecurityContext.RunAsGroup}");
        Assert.True(Pod.SecurityContext.RunAsNonRoot);
        Assert.True(Container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.False(Container.SecurityContext.AllowPrivilegeEscalation);
        Assert.Equal(["ALL"], Container.SecurityContext.Capabilities.Drop);
        Assert.False(Pod.AutomountServiceAccountToken);
        Assert.Equal(["Ingress", "Egress"], One<V1NetworkPolicy>().Spec.PolicyTypes);
        Assert.Empty(One<V1NetworkPolicy>().Spec.Egress);
        Assert.All(["cpu", "memory"], name => Assert.Contains(name, Container.Resources.Requests.Keys));
        Assert.Contains("memory", Container.Resources.Limits.Keys);
    }

    [Fact]
    public void Keys_and_models_come_from_declared_volumes()
    {
        Assert.Equal(
            Pod.Volumes.Select(v => v.Name).Order(StringComparer.Ordinal),
            Container.VolumeMounts.Select(m => m.Name).Order(StringComparer.Ordinal));
        Assert.Equal(
            One<V1PersistentVolumeClaim>().Metadata.Name, Pod.Volumes.Single(v => v.Name == "models").PersistentVolumeClaim.ClaimName);
        V1SecretVolumeSource secret = Pod.Volumes.Single(v => v.Name == "keys").Secret;
        Assert.Equal(0b100_100_000, secret.DefaultMode); // octal 440: no other user may read it
        Assert.Contains(
            $"kubectl create secret generic {secret.SecretName} --from-file=api-keys",
            File.ReadAllText(DeployFiles.Of("docs", "deployment.md")),
            StringComparison.Ordinal);
        Assert.Equal(
            $"{Container.VolumeMounts.Single(m => m.Name == "keys").MountPath}/api-keys",
            Container.Env.Single(v => v.Name == "VLMSHARP_API_KEY_FILE").Value);
        Assert.StartsWith(
            Container.VolumeMounts.Single(m => m.Name == "models").MountPath + "/", Container.Args[1], StringComparison.Ordinal);
    }
}
