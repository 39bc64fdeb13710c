using Microsoft.Playwright;
using static VlmSharp.Server.Tests.Page.ScriptedServer;

namespace VlmSharp.Server.Tests.Page;

/// <summary>What the page asks for each task, and how it shows the answer.</summary>
[Collection(BrowserTests.Name)]
public sealed class TaskTests(BrowserFixture browser)
{
    [ChromiumTheory]
    [InlineData("task=caption", "/v1/caption", "image=sun.png stream=true")]
    [InlineData("task=caption&language=de", "/v1/caption", "image=sun.png language=de stream=true")]
    [InlineData("task=ask&question=what is it?", "/v1/ask", "image=sun.png question=what is it? stream=true")]
    [InlineData("task=detect&things=sun ; moon", "/v1/detect", "image=sun.png stream=true things=sun ; moon")]
    [InlineData("task=segment&things=sun", "/v1/segment", "image=sun.png stream=true things=sun")]
    [InlineData("task=prompt&words=describe", "/v1/caption", "image=sun.png prompt=describe stream=true")]
    [InlineData("task=prompt&words=detect sun", "/v1/detect", "image=sun.png prompt=detect sun stream=true")]
    [InlineData(
        "task=ask&question=q&temperature=0.5&seed=7&max_tokens=20",
        "/v1/ask",
        "image=sun.png max_tokens=20 question=q seed=7 stream=true temperature=0.5")]
    public async Task A_task_sends_only_its_own_fields_to_its_route(string address, string route, string fields)
    {
        await using ScriptedServer server = await StartAsync((http, _) => EndAsync(http, Answer("caption", "p", "an answer")));
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync("an answer");
        }, new PageView { Address = $"#sample=sun&{address}" });
        (string askedRoute, IReadOnlyDictionary<string, string> askedFields) = Assert.Single(server.Asked);
        Assert.Equal(route, askedRoute);
        IEnumerable<string> asked =
            askedFields.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => $"{field.Key}={field.Value}");
        Assert.Equal(fields, string.Join(' ', asked));
    }

    [ChromiumFact]
    public async Task An_answer_is_shown_piece_by_piece_as_it_comes()
    {
        var rest = new TaskCompletionSource();
        await using ScriptedServer server = await StartAsync(async (http, _) =>
        {
            await SendAsync(http, """{"text":"two "}""");
            await rest.Task;
            await SendAsync(http, """{"text":"suns"}""");
            await EndAsync(http, Answer("caption", "caption en", "two suns"));
        });
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
            await Assertions.Expect(page.Locator(".answer .streaming")).ToHaveTextAsync("two");
            await Assertions.Expect(page.Locator(".answer")).ToHaveAttributeAsync("aria-busy", "true");
            rest.SetResult();
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync("two suns");
            await Assertions.Expect(page.Locator(".answer")).ToHaveAttributeAsync("aria-busy", "false");
            await Assertions.Expect(page.Locator("#announcer")).ToHaveTextAsync("Answer: two suns");
            Assert.Equal("21 ms", await Figure(page, "First token"));
            Assert.Equal("1.63 s", await Figure(page, "Whole answer"));
            Assert.Equal("67 (picture 64)", await Figure(page, "Tokens in"));
            Assert.Equal("9", await Figure(page, "Tokens out"));
        }, new PageView { Address = "#task=caption&sample=sun" });
    }

    [ChromiumFact]
    public async Task Boxes_stand_where_the_things_are_and_labels_have_colors_of_their_own()
    {
        await using ScriptedServer server = await StartAsync((http, _) =>
            EndAsync(
                http,
                Answer(
                    "detect", "detect car ; key", "…", Found("car", 112, 28, 224, 84), Found("key", 56, 112, 168, 224),
                    Found("car", 0, 0, 20, 20))));
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
            await Assertions.Expect(page.Locator(".found li")).ToHaveCountAsync(3);
            LocatorBoundingBoxResult picture = (await page.Locator(".frame img").BoundingBoxAsync())!;
            float[] key = await page.Locator(".mark[data-number='1'] .edge")
                .EvaluateAsync<float[]>("r => { const b = r.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; }");
            float[] expected =
            [
                picture.X + picture.Width / 4, picture.Y + picture.Height / 2, picture.X + picture.Width * 3 / 4, picture.Y + picture.Height
            ];
            for (int i = 0; i < 4; i++) Assert.InRange(key[i], expected[i] - 4, expected[i] + 4); // off by a stroke's width at most
            string[] colors = await page.EvaluateAsync<string[]>(
                "[...document.querySelectorAll('.mark .edge')].map(edge => edge.getAttribute('stroke'))");
            Assert.Equal(colors[0], colors[2]);
            Assert.NotEqual(colors[0], colors[1]);
            Assert.Equal(["car", "key", "car"], await page.Locator(".tag").AllInnerTextsAsync());
        }, new PageView { Address = "#task=detect&things=car ; key&sample=car-key", Screenshot = "detect" });
    }

    [ChromiumFact]
    public async Task A_mask_is_painted_where_it_lies()
    {
        // COCO's string of a mask of 4 rows and 3 columns: 5 zeros, 2 ones (rows 1 and 2 of the second column), 5 zeros.
        System.Text.Json.Nodes.JsonObject mask = new() { ["size"] = new System.Text.Json.Nodes.JsonArray(4, 3), ["counts"] = "525" };
        await using ScriptedServer server =
            await StartAsync((http, _) => EndAsync(http, Answer("segment", "segment sun", "…", Found("sun", 0, 0, 224, 224, mask))));
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
            int[] alpha = await page.Locator(".mark .shape").EvaluateAsync<int[]>("""
                async shape => {
                  const image = new Image();
                  image.src = shape.getAttribute("href");
                  await image.decode();
                  const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
                  context.drawImage(image, 0, 0);
                  return [...context.getImageData(0, 0, image.width, image.height).data].filter((_, i) => i % 4 === 3);
                }
                """);
            Assert.Equal([0, 0, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0], alpha);
        }, new PageView { Address = "#task=segment&things=sun&sample=sun", Screenshot = "mask" });
    }

    [ChromiumFact]
    public async Task The_page_asks_for_what_is_missing_and_sends_nothing()
    {
        await using ScriptedServer server = await StartAsync((http, _) => EndAsync(http, Answer("ask", "p", "t")));
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
            await Assertions.Expect(page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "no picture yet" })).ToBeVisibleAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Sample: Two suns" }).ClickAsync();
            await page.GetByRole(AriaRole.Radio, new() { Name = "Ask" }).CheckAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
            await Assertions.Expect(page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "Type a question first." })).ToBeVisibleAsync();
            await Assertions.Expect(page.GetByLabel("Question")).ToBeFocusedAsync();
        });
        Assert.Empty(server.Asked);
    }

    [ChromiumFact]
    public async Task A_suggestion_of_a_sample_is_asked_at_once()
    {
        await using ScriptedServer server =
            await StartAsync((http, fields) => EndAsync(http, Answer("ask", "p", $"to {fields["question"]}")));
        await browser.UseAsync(server.Origin, async page =>
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "how many suns are there?" }).ClickAsync();
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync("to how many suns are there?");
        }, new PageView { Address = "#task=ask&sample=sun" });
    }

    private static Task<string> Figure(IPage page, string name) =>
        page.Locator(".figures div", new() { HasText = name }).Locator("dd").InnerTextAsync();
}
