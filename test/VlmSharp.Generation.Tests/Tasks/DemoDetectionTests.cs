using System.Text.Json;
using VlmSharp.Conformance;
using VlmSharp.Cpu;
using VlmSharp.Generation;
using VlmSharp.Imaging;
using VlmSharp.Tasks;
using VlmSharp.Tokenization;

namespace VlmSharp.Generation.Tests.Tasks;

/// <summary>Compares the demo model's boxes on unseen scenes with the answers of the reference.</summary>
public sealed class DemoDetectionTests : IDisposable
{
    private readonly CpuBackend backend = new();
    private readonly VisionLanguageModel model;
    private readonly Case[] cases;

    public DemoDetectionTests()
    {
        model = VisionLanguageModel.Open(GoldenFiles.DemoModel, backend);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(GoldenFiles.PathOf("demo-cases", "answers.json")));
        cases = [.. json.RootElement.EnumerateArray().Where(c => c.GetProperty("kind").GetString() == "detect").Select(c => new Case(c))];
    }

    public void Dispose()
    {
        model.Dispose();
        backend.Dispose();
    }

    /// <summary>A scene, the thing to find in it, the true boxes and the answer of the reference.</summary>
    private sealed class Case(JsonElement json)
    {
        /// <summary>Whether two tokens were so close that another order of additions may choose the other one.</summary>
        public bool IsNearTie { get; } = json.GetProperty("min_margin").GetDouble() <= 1e-3;

        public string Prompt { get; } = json.GetProperty("prompt").GetString()!;

        public VisionTask Task { get; } = VisionTask.Detect(json.GetProperty("prompt").GetString()!["detect ".Length..]);

        public RgbImage Image { get; } = ImageFile.Load(GoldenFiles.PathOf("demo-cases", json.GetProperty("image").GetString()!));

        public int[] Tokens { get; } = GoldenCase.Ints(json.GetProperty("tokens"));

        public string Truth { get; } = json.GetProperty("truth").GetString()!;

        public bool IsRight { get; } = json.GetProperty("right").GetBoolean();
    }

    [Fact]
    public void Unconstrained_and_constrained_answers_equal_the_reference()
    {
        Assert.Equal(40, cases.Length);
        Assert.All(cases, c => Assert.Equal(c.Prompt, c.Task.Prompt));
        IReadOnlyList<GenerationResult> free = Generate(new TaskRunner(model, new TaskOptions { Constrain = false }));
        IReadOnlyList<GenerationResult> bound = Generate(new TaskRunner(model));
        for (int i = 0; i < cases.Length; i++)
        {
            Assert.True(IsAllowed(cases[i])); // all answers of the reference are well formed, so the constraint changes none of them
            Assert.Equal(free[i].TokenIds, bound[i].TokenIds);
            if (!cases[i].IsNearTie) Assert.Equal(cases[i].Tokens, free[i].TokenIds);
        }
    }

    /// <summary>
    /// An answer is right if it has as many boxes as things, each on one of them by IoU 0.5. It must be right where the reference is.
    /// </summary>
    [Fact]
    public void Accuracy_equals_the_reference()
    {
        var tasks = new TaskRunner(model);
        IReadOnlyList<GenerationResult> results = Generate(tasks);
        int right = 0;
        for (int i = 0; i < cases.Length; i++)
        {
            Case c = cases[i];
            IReadOnlyList<Detection> found = tasks.Read(c.Task, results[i], c.Image).Detections,
                reference = Read(tasks, c, c.Tokens),
                truth = Read(tasks, c, model.Tokenizer!.Encode(c.Truth, ControlTokens.AsTokens));
            if (!c.IsNearTie) Assert.Equal(reference.Select(d => (d.Box, d.Label)), found.Select(d => (d.Box, d.Label)));
            Assert.All(found, d => Assert.Equal(c.Task.Things[0], d.Label));
            Assert.All(found, d => Assert.InRange(d.Score, 0.01f, 1f));
            bool isRight = found.Count == truth.Count && found.All(d => truth.Any(t => d.Box.IntersectionOverUnion(t.Box) >= 0.5f));
            Assert.Equal(c.IsRight, isRight);
            right += isRight ? 1 : 0;
        }

        Assert.Equal(35, right);
    }

    /// <summary>If a thing lies left of another, its box does too. This checks the order of the four edges.</summary>
    [Fact]
    public void Boxes_lie_where_the_things_are()
    {
        var tasks = new TaskRunner(model);
        RgbImage picture = ImageFile.Load(Path.Combine(GoldenFiles.Root, "demo", "samples", "car-key.png")); // a car above a key
        Detection car = Assert.Single(tasks.Run(VisionTask.Detect("car"), picture).Detections),
            key = Assert.Single(tasks.Run(VisionTask.Detect("key"), picture).Detections);
        Assert.True(car.Box.Bottom < key.Box.Bottom && car.Box.Top < key.Box.Top);
        Assert.InRange(key.Box.Right, key.Box.Left + 50, picture.Width); // in pixels of the picture, not of the model's input
    }

    /// <summary>The model sees a square picture, but a box in a wide picture is wide.</summary>
    [Fact]
    public void Boxes_are_in_pixels_of_the_picture()
    {
        Case c = cases[0];
        RgbImage wide = c.Image.Resize(640, 224);
        var tasks = new TaskRunner(model);
        Box box = Assert.Single(
            tasks.Read(c.Task, new GenerationResult(c.Tokens, new float[c.Tokens.Length], "", FinishReason.Stop, 0), wide).Detections).Box;
        Assert.Equal(new Box(247 * 640 / 1024f, 384 * 224 / 1024f, 566 * 640 / 1024f, 676 * 224 / 1024f), box);
        tasks = new TaskRunner(model, new TaskOptions { LocationDivisor = 1023 });
        box = Assert.Single(
            tasks.Read(c.Task, new GenerationResult(c.Tokens, new float[c.Tokens.Length], "", FinishReason.Stop, 0), 1023, 2046).Detections)
            .Box;
        Assert.Equal(new Box(247, 768, 566, 1352), box);
    }

    /// <summary>The demo model was not trained to segment. Its codes are noise, but well formed.</summary>
    [Fact]
    public void Segments_are_well_formed_even_from_a_model_that_cannot_segment()
    {
        var tasks = new TaskRunner(model);
        int boxes = 0;
        foreach (Case c in cases.Take(5))
        {
            VisionTask task = VisionTask.Segment([.. c.Task.Things, "cake"]);
            TaskResult result = tasks.Run(task, c.Image, new GenerationOptions { MaxNewTokens = 100 });
            IEnumerable<Detection> complete =
                result.Generation.Finish == FinishReason.Stop ? result.Detections : result.Detections.SkipLast(1);
            foreach (Detection found in complete)
            {
                boxes++;
                Assert.Equal(16, found.MaskCodes!.Count);
                Assert.Null(found.Mask); // the demo model has no mask decoder
                Assert.Contains(found.Label, task.Things);
            }
        }

        Assert.True(boxes > 0, "No box was complete.");
    }

    /// <summary>Random answers of every length give boxes inside the picture, and never an exception.</summary>
    [Fact]
    public void No_answer_is_an_error()
    {
        var tasks = new TaskRunner(model);
        var random = new Random(2);
        for (int round = 0; round < 2000; round++)
        {
            int[] ids =
                [.. Enumerable.Range(0, random.Next(30)).Select(_ => random.Next(4) == 0 ? random.Next(2200) : 1000 + random.Next(1024))];
            var answer = new GenerationResult(ids, new float[ids.Length], null, FinishReason.Length, 0);
            (int width, int height) = (random.Next(1, 3000), random.Next(1, 3000));
            foreach (Detection found in tasks.Read(VisionTask.Segment("car"), answer, width, height).Detections)
            {
                Assert.InRange(found.Box.Left, 0, found.Box.Right);
                Assert.InRange(found.Box.Top, 0, found.Box.Bottom);
                Assert.InRange(found.Box.Right, 0, width);
                Assert.InRange(found.Box.Bottom, 0, height);
            }
        }
    }

    private GenerationResult[] Generate(TaskRunner tasks) => [.. model.Generate([.. cases.Select(c => tasks.Request(c.Task, c.Image))])];

    private bool IsAllowed(Case c)
    {
        var grammar = new DetectionGrammar(model.Tokenizer!, [1], c.Task.Things, masks: false);
        return Enumerable.Range(0, c.Tokens.Length).All(i => grammar.AllowedAfter(c.Tokens.AsSpan(0, i)).Contains(c.Tokens[i]));
    }

    private static IReadOnlyList<Detection> Read(TaskRunner tasks, Case c, int[] tokens) =>
        tasks.Read(c.Task, new GenerationResult(tokens, new float[tokens.Length], null, FinishReason.Stop, 0), c.Image).Detections;
}
