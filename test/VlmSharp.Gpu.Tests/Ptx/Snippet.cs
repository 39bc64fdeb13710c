using System.Runtime.InteropServices;
using VlmSharp.Gpu.Launching;
using VlmSharp.Gpu.Tests.Ptx.Memory;
using VlmSharp.Gpu.Tests.Ptx.Parsing;

namespace VlmSharp.Gpu.Tests.Ptx;

/// <summary>
/// A few instructions as a kernel. They find: t, the thread in its group; g, the group; in and out, two buffers; base, the address of
/// s, 4096 bytes of shared memory; registers a to f (they take any type here), x0 to x31 and y0 to y31; predicates p and q.
/// </summary>
internal static unsafe class Snippet
{
    private const string Head = """
        .version 8.0
        .target sm_80
        .address_size 64
        .extern .shared .align 16 .b8 dynamic[];
        .visible .entry Kernel(.param .b64 _in, .param .b64 _out)
        {
            .shared .align 16 .b8 s[4096];
            .reg .pred p, q;
            .reg .b64 in, out, a, b, c, d, e, f, x<32>, y<32>;
            .reg .b32 t, g, base;
            ld.param.b64 in, [_in];
            ld.param.b64 out, [_out];
            mov.b32 t, %tid.x;
            mov.b32 g, %ctaid.x;
            mov.u32 base, s;

        """;

    public static PtxProgram Program(string body) => PtxProgram.Parse(Head + body + "\nret;\n}\n");

    /// <summary>Runs the snippet and returns the second buffer.</summary>
    public static (TOut[] Output, PtxReport Report) Run<TIn, TOut>(string body, TIn[] input, int outputs, int threads = 32,
        int groups = 1, int sharedBytes = 0)
        where TIn : unmanaged where TOut : unmanaged
    {
        void* from = NativeMemory.AlignedAlloc((nuint)(input.Length * sizeof(TIn)), 256),
            to = NativeMemory.AlignedAlloc((nuint)(outputs * sizeof(TOut)), 256);
        try
        {
            var source = new MemoryRange((ulong)from, (ulong)(input.Length * sizeof(TIn)));
            var target = new MemoryRange((ulong)to, (ulong)(outputs * sizeof(TOut)));
            input.CopyTo(new Span<TIn>(from, input.Length));
            var output = new Span<TOut>(to, outputs);
            output.Clear();
            var machine = new PtxMachine { MostSteps = 100_000 };
            byte[] parameters = MemoryMarshal.AsBytes<ulong>([source.Start, target.Start]).ToArray();
            PtxReport report = machine.Launch(Program(body), new LaunchGrid(groups, SharedBytes: sharedBytes), threads, parameters,
                source, target);
            return (output.ToArray(), report);
        }
        finally
        {
            NativeMemory.AlignedFree(from);
            NativeMemory.AlignedFree(to);
        }
    }

    /// <summary>Runs the snippet with 64 words in each buffer, the first 0 to 63, and returns the report of the machine.</summary>
    public static PtxReport Run(string body, int threads = 64, int groups = 1, int sharedBytes = 0) =>
        Run<uint, uint>(body, [.. Enumerable.Range(0, 64).Select(i => (uint)i)], 64, threads, groups, sharedBytes).Report;

    /// <summary>Asserts that the machine reports a fault.</summary>
    public static void Fails(PtxFault fault, string body, int threads = 64, int groups = 1) =>
        Assert.Equal(fault, Assert.Throws<PtxException>(() => Run(body, threads, groups)).Fault);

    /// <summary>The register d after an instruction of a, b and c, for each input.</summary>
    public static ulong[] Evaluate(string instruction, (ulong A, ulong B, ulong C)[] inputs)
    {
        const string Load = "mul.lo.u32 e, t, 24; add.u64 e, in, e; ld.global.b64 a, [e]; ld.global.b64 b, [e+8]; "
            + "ld.global.b64 c, [e+16]; mov.b64 d, 0;\n";
        const string Store = "\nmul.lo.u32 e, t, 8; add.u64 e, out, e; st.global.b64 [e], d;";
        return Run<(ulong, ulong, ulong), ulong>(Load + instruction + Store, inputs, inputs.Length, inputs.Length).Output;
    }

    /// <summary>Compares an instruction with a function for all pairs of values, and a third that goes round.</summary>
    public static void Agrees(string instruction, ulong[] values, Func<ulong, ulong, ulong, ulong> expected)
    {
        (ulong A, ulong B, ulong C)[] inputs = [.. values.SelectMany(a => values.Select((b, i) => (a, b,
        values[(i * 7 + 3) % values.Length])))];
        ulong[] results = Evaluate(instruction, inputs);
        for (int i = 0; i < inputs.Length; i++)
        {
            var (a, b, c) = inputs[i];
            ulong right = expected(a, b, c);
            Assert.True(right == results[i], $"{instruction} of {a:x}, {b:x}, {c:x}: {results[i]:x}, not {right:x}");
        }
    }
}
