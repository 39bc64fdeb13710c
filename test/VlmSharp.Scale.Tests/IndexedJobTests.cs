using k8s;
using k8s.Models;
using VlmSharp.Conformance;

namespace VlmSharp.Scale.Tests;

/// <summary>
/// Reads deploy/kubernetes-jobs with Kubernetes' own models, which refuse unknown members, and runs it as a pod would.
/// </summary>
public sealed class IndexedJobTests
{
    private static V1Job Read(string name) => Assert.IsType<V1Job>(Assert.Single(
        KubernetesYaml.LoadAllFromString(
            File.ReadAllText(Path.Combine(GoldenFiles.Root, "deploy", "kubernetes-jobs", $"{name}.yaml")), strict: true)));

    private static V1Container ContainerOf(V1Job job) => Assert.Single(job.Spec.Template.Spec.Containers);

    [Theory, InlineData("batch"), InlineData("eval")]
    public void There_are_as_many_pods_as_parts_and_each_fails_on_its_own(string name)
    {
        (V1Job job, V1Container container) = (Read(name), ContainerOf(Read(name)));
        Assert.Equal("Indexed", job.Spec.CompletionMode);
        Assert.Contains($"--shards={job.Spec.Completions}", container.Args);
        Assert.True(
            job.Spec.Parallelism <= job.Spec.Completions
                && job.Spec.BackoffLimitPerIndex > 0 && job.Spec.MaxFailedIndexes == job.Spec.Completions);
        Assert.Equal("Never", job.Spec.Template.Spec.RestartPolicy); // backoffLimitPerIndex needs this
    }

    [Theory, InlineData("batch"), InlineData("eval")]
    public void Lasting_failures_are_not_retried_and_evictions_do_not_count(string name)
    {
        (V1Job job, V1Container container) = (Read(name), ContainerOf(Read(name)));
        V1PodFailurePolicyRule[] rules = [.. job.Spec.PodFailurePolicy.Rules];
        Assert.Equal(
            ("FailIndex", "In", container.Name),
            (rules[0].Action, rules[0].OnExitCodes.OperatorProperty, rules[0].OnExitCodes.ContainerName));
        Assert.Equal([2, 3, 65], rules[0].OnExitCodes.Values); // wrong command line, unusable model, too many failed items: docs/scale.md
        Assert.Equal(("Ignore", "DisruptionTarget"), (rules[1].Action, Assert.Single(rules[1].OnPodConditions).Type));
    }

    [Theory, InlineData("batch"), InlineData("eval")]
    public void A_pod_may_do_nothing_but_its_work(string name)
    {
        (V1Job job, V1Container container) = (Read(name), ContainerOf(Read(name)));
        V1PodSpec pod = job.Spec.Template.Spec;
        Assert.True(pod.SecurityContext.RunAsNonRoot == true && pod.AutomountServiceAccountToken == false);
        Assert.True(
            container.SecurityContext.ReadOnlyRootFilesystem == true && container.SecurityContext.AllowPrivilegeEscalation == false);
        Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
        Assert.Equal(pod.Volumes.Select(v => v.Name).Order(), container.VolumeMounts.Select(m => m.Name).Order());
        Assert.Equal(name, container.Args[0]);
        Assert.Contains("--model=/models/paligemma-3b-mix-224", container.Args);
    }

    [Fact]
    public async Task Pods_find_their_parts_in_the_environment()
    {
        using var work = new Work(12);
        string output = work.At("out");
        string[] arguments = [.. ContainerOf(Read("batch")).Args
            .Where(argument => !argument.StartsWith("--model", StringComparison.Ordinal))
            .Select(argument =>
                argument.StartsWith("--shards", StringComparison.Ordinal)
                    ? "--shards=3"
                    : argument.Replace("/data/photos.jsonl", work.List, StringComparison.Ordinal)
                        .Replace("/data/captions", output, StringComparison.Ordinal))];
        for (int index = 0; index < 3; index++)
        {
            (int code, _, string errors) = await Tool.RunAsync(
                "dotnet",
                [Tool.Vlmsharp, .. arguments],
                environment: new Dictionary<string, string> { ["JOB_COMPLETION_INDEX"] = $"{index}" });
            Assert.True(code == 0, errors);
        }

        Assert.Equal(await work.AloneAsync(), await Work.MergedAsync(output));
    }
}
