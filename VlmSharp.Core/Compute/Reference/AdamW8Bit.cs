using VlmSharp.Compute.Host;
using VlmSharp.Compute.Operators;

namespace VlmSharp.Compute.Reference;

internal sealed unsafe partial class ReferenceOperators : IKernel<AdamW8Bit>
{
    /// <summary>
    /// AdamW on blocks of 256 numbers whose moments are read from codes and written back as codes. It computes in fp32, unlike the other
    /// operators here, because near a border another precision could choose a different code.
    /// </summary>
    public void Run(in AdamW8Bit op, HostMatrix y)
    {
        HostMatrix gradient = op.Gradient.OnHost(), master = op.Master.OptionalOnHost();
        HostMatrix firstScales = op.FirstScales.OnHost(), secondScales = op.SecondScales.OnHost();
        byte* firstCodes = (byte*)op.FirstCodes.OnHost().Data, secondCodes = (byte*)op.SecondCodes.OnHost().Data;
        HostWeight weight = op.Weight.OnHost();
        AdamStep s = op.Step;
        float factor = (float)s.GradientFactor, beta1 = (float)s.Beta1, beta2 = (float)s.Beta2, epsilon = (float)s.Epsilon;
        long count = op.Gradient.Length;
        float* m = stackalloc float[AdamW8Bit.BlockLength], v = stackalloc float[AdamW8Bit.BlockLength];
        for (long start = 0; start < count; start += AdamW8Bit.BlockLength)
        {
            int block = (int)(start / AdamW8Bit.BlockLength), length = (int)Math.Min(AdamW8Bit.BlockLength, count - start);
            float firstLargest = 0, secondLargest = 0;
            for (int i = 0; i < length; i++)
            {
                long at = start + i;
                float g = factor * gradient.Data[at];
                m[i] = beta1 * (DynamicMap.Signed[firstCodes[at]] * firstScales.Data[block]) + s.NewFirst * g;
                v[i] = beta2 * (DynamicMap.Unsigned[secondCodes[at]] * secondScales.Data[block]) + s.NewSecond * (g * g);
                firstLargest = Math.Max(firstLargest, Math.Abs(m[i]));
                secondLargest = Math.Max(secondLargest, v[i]);
                float w = master.HasValue ? master.Data[at] : weight.At((int)(at / weight.Columns), (int)(at % weight.Columns));
                w = s.Shrink * w - s.StepSize * m[i] / (MathF.Sqrt(v[i]) * s.RootFactor + epsilon);
                if (master.HasValue) master.Data[at] = w;
                weight.Assign(at, w);
            }

            (firstScales.Data[block], secondScales.Data[block]) = (firstLargest, secondLargest);
            for (int i = 0; i < length; i++)
            {
                firstCodes[start + i] = firstLargest > 0 ? SameSign(DynamicMap.Signed.Nearest(m[i] / firstLargest), m[i]) : (byte)0;
                secondCodes[start + i] = secondLargest > 0 ? DynamicMap.Unsigned.Nearest(v[i] / secondLargest) : (byte)0;
            }
        }
    }

    /// <summary>A moment that is not 0 keeps its sign: if the nearest number is 0 or has the other sign, the next code is taken.</summary>
    private static byte SameSign(byte code, float m) => (m, DynamicMap.Signed[code]) switch
    {
        ( > 0, <= 0) => (byte)(code + 1),
        ( < 0, >= 0) => (byte)(code - 1),
        _ => code,
    };
}
