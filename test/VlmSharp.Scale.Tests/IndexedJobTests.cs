using k8s;
using k8s.Models;
using VlmSharp.Conformance;

namespace VlmSharp.Scale.Tests;

/// <summary>deploy/kubernetes-jobs, read by Kubernetes' own models, which refuse members that they do not have; and run as a pod would.</summary>
public sealed class IndexedJobTests
{
    private static readonly V1Job Job = Assert.IsType<V1Job>(Assert.Single(
        KubernetesYaml.LoadAllFromString(File.ReadAllText(Path.Combine(GoldenFiles.Root, "deploy", "kubernetes-jobs", "batch.yaml")), strict: true)));

    private static V1Container Container => Assert.Single(Job.Spec.Template.Spec.Containers);

    [Fact]
    public void There_are_as_many_pods_as_parts_and_each_fails_on_its_own()
    {
        Assert.Equal("Indexed", Job.Spec.CompletionMode);
        Assert.Contains($"--shards={Job.Spec.Completions}", Container.Args);
        Assert.True(Job.Spec.Parallelism <= Job.Spec.Completions && Job.Spec.BackoffLimitPerIndex > 0 && Job.Spec.MaxFailedIndexes == Job.Spec.Completions);
        Assert.Equal("Never", Job.Spec.Template.Spec.RestartPolicy); // what backoffLimitPerIndex needs
    }

    [Fact]
    public void What_no_retry_mends_is_not_tried_again_and_evictions_do_not_count()
    {
        V1PodFailurePolicyRule[] rules = [.. Job.Spec.PodFailurePolicy.Rules];
        Assert.Equal(("FailIndex", "In", Container.Name), (rules[0].Action, rules[0].OnExitCodes.OperatorProperty, rules[0].OnExitCodes.ContainerName));
        Assert.Equal([2, 3, 65], rules[0].OnExitCodes.Values); // wrong command line, unusable model, too many failed items: docs/scale.md
        Assert.Equal(("Ignore", "DisruptionTarget"), (rules[1].Action, Assert.Single(rules[1].OnPodConditions).Type));
    }

    [Fact]
    public void A_pod_may_do_nothing_but_its_work()
    {
        V1PodSpec pod = Job.Spec.Template.Spec;
        Assert.True(pod.SecurityContext.RunAsNonRoot == true && pod.AutomountServiceAccountToken == false);
        Assert.True(Container.SecurityContext.ReadOnlyRootFilesystem == true && Container.SecurityContext.AllowPrivilegeEscalation == false);
        Assert.Equal(["ALL"], Container.SecurityContext.Capabilities.Drop);
        Assert.Equal(pod.Volumes.Select(v => v.Name).Order(), Container.VolumeMounts.Select(m => m.Name).Order());
        Assert.All(new[] { "/data/photos.jsonl", "--out=/data/captions", "--model=/models/paligemma-3b-mix-224" }, argument => Assert.Contains(argument, Container.Args));
    }

    [Fact]
    public async Task Pods_find_their_parts_in_the_environment()
    {
        using var work = new Work(12);
        string output = work.At("out");
        string[] arguments = [.. Container.Args
            .Where(argument => !argument.StartsWith("--model", StringComparison.Ordinal))
            .Select(argument => argument.StartsWith("--shards", StringComparison.Ordinal) ? "--shards=3" : argument.Replace("/data/photos.jsonl", work.List, StringComparison.Ordinal).Replace("/data/captions", output, StringComparison.Ordinal))];
        for (int index = 0; index < 3; index++)
        {
            (int code, _, string errors) = await Tool.RunAsync("dotnet", [Tool.Vlmsharp, .. arguments], environment: new Dictionary<string, string> { ["JOB_COMPLETION_INDEX"] = $"{index}" });
            Assert.True(code == 0, errors);
        }

        Assert.Equal(await work.AloneAsync(), await Work.MergedAsync(output));
    }
}
