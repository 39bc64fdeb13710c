using ILGPU;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Gpu.Kernels.Sampling;

/// <summary>The rules of a step's sequences in device memory: 12 words each.</summary>
internal struct DeviceRules
{
    /// <summary>Words of a rule.</summary>
    public const int Fields = 12;

    private const int SkippedFlag = 1, SamplingFlag = 2, TopPFlag = 4;
    private const int FlagsField = 0, TopKField = 1, PromptField = 2, CandidatesField = 3, SeedLowField = 4, SeedHighField = 5;
    private const int TemperatureField = 6, TopPField = 7, MinPField = 8, LogMinPLowField = 9, LogMinPHighField = 10;

    /// <summary>[sequences, 12].</summary>
    public ArrayView<int> Words;

    /// <summary>Packs rules into words.</summary>
    public static int[] Pack(ChoiceRules rules)
    {
        int[] words = new int[rules.Count * Fields];
        for (int i = 0; i < rules.Count; i++)
        {
            TokenRule rule = rules[i];
            Span<int> w = words.AsSpan(i * Fields, Fields);
            bool hasTopP = rule.TopP is < 1;
            w[FlagsField] = (rule.IsSkipped ? SkippedFlag : 0) | (rule.IsSampling ? SamplingFlag : 0) | (hasTopP ? TopPFlag : 0);
            w[TopKField] = rule.TopK;
            w[PromptField] = rule.PromptLength;
            w[CandidatesField] = rule.Candidates;
            w[SeedLowField] = (int)rule.Seed;
            w[SeedHighField] = (int)(rule.Seed >> 32);
            w[TemperatureField] = BitConverter.SingleToInt32Bits(rule.Temperature is 0 ? 1 : rule.Temperature);
            w[TopPField] = BitConverter.SingleToInt32Bits(rule.TopP ?? 1);
            w[MinPField] = BitConverter.SingleToInt32Bits(rule.MinP);
            long logMinP = BitConverter.DoubleToInt64Bits(Math.Log(rule.MinP));
            w[LogMinPLowField] = (int)logMinP;
            w[LogMinPHighField] = (int)(logMinP >> 32);
        }

        return words;
    }

    /// <summary>Whether the host chooses the token.</summary>
    public readonly bool IsSkipped(int i) => (Words[i * Fields + FlagsField] & SkippedFlag) != 0;

    /// <summary>Whether the token is drawn.</summary>
    public readonly bool IsSampling(int i) => (Words[i * Fields + FlagsField] & SamplingFlag) != 0;

    /// <summary>Whether top-p removes tokens.</summary>
    public readonly bool HasTopP(int i) => (Words[i * Fields + FlagsField] & TopPFlag) != 0;

    /// <summary>k; 0 means all tokens.</summary>
    public readonly int TopK(int i) => Words[i * Fields + TopKField];

    /// <summary>The length of the prompt in tokens.</summary>
    public readonly int PromptLength(int i) => Words[i * Fields + PromptField];

    /// <summary>How many candidates are reported.</summary>
    public readonly int Candidates(int i) => Words[i * Fields + CandidatesField];

    /// <summary>The divisor of the logits.</summary>
    public readonly float Temperature(int i) => Number(i, TemperatureField);

    /// <summary>The p of top-p, 0 to 1; 1 means none.</summary>
    public readonly float TopP(int i) => Number(i, TopPField);

    /// <summary>The m of min-p; 0 means none.</summary>
    public readonly float MinP(int i) => Number(i, MinPField);

    /// <summary>log m.</summary>
    public readonly double LogMinP(int i)
    {
        ulong low = (uint)Words[i * Fields + LogMinPLowField], high = (uint)Words[i * Fields + LogMinPHighField];
        return Interop.IntAsFloat((high << 32) | low);
    }

    /// <summary>The uniform number of a token.</summary>
    /// <param name="i">Which rule.</param>
    /// <param name="position">The token's place in its sequence.</param>
    public readonly double Uniform(int i, int position) =>
        Doubles.Uniform((uint)Words[i * Fields + SeedLowField], (uint)Words[i * Fields + SeedHighField], (long)position - PromptLength(i));

    private readonly float Number(int i, int field) => Interop.IntAsFloat((uint)Words[i * Fields + field]);
}
