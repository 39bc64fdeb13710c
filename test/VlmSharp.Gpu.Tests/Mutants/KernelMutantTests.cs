using VlmSharp.Gpu.Tests.Ptx;

namespace VlmSharp.Gpu.Tests.Mutants;

/// <summary>Measures the value of the tests on the PTX machine: each of these faults in the real kernels is noticed.</summary>
public sealed class KernelMutantTests
{
    private static readonly Subject[] Subjects =
        [.. ProductMutants.All, .. AttentionMutants.All, .. RowMutants.All, .. GradientMutants.All];

    public static TheoryData<string> Kernels() => [.. Subjects.Select(subject => subject.Kernel)];

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_mutant_is_noticed(string kernel)
    {
        string[] unnoticed = [.. Subjects.Single(subject => subject.Kernel == kernel).Unnoticed()];
        Assert.True(unnoticed.Length == 0, string.Join("; ", unnoticed));
    }

    [Fact]
    public void There_are_many() => Assert.True(Subjects.Sum(subject => subject.Mutants.Length) >= 60);

    /// <summary>A mutant without effect is listed as unnoticed, so the search can fail.</summary>
    [Fact]
    public void A_harmless_change_is_not_noticed()
    {
        Subject subject = RowMutants.RmsNorm with { Mutants = [Mutant.Replace("bar.sync\t0;", "bar.sync\t0; bar.sync\t0;")] };
        Assert.Single(subject.Unnoticed());
    }
}
