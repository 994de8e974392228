"""64 distinct requests of mixed kind and length, always the same ones."""
import random

import answers

WORDS = ("river stone lamp winter bread copper garden seven letter music harbour engine cloud paper mountain the of and in "
         "a with under quietly slowly carries keeps finds answers counts remembers 1847 3.14 π naïve 東京 {x} # **bold**").split()
COUNT = 64
LONGEST, SHORTEST = 1450, 1  # words; a word of the list is a little more than a token of smollm2-135m


def words(source, count):
    return " ".join(source.choice(WORDS) for _ in range(count))


def sampling(source, number):
    """Greedy for a third; the rest sampled, each with other parameters."""
    fields = {"seed": source.getrandbits(63)}
    if number % 3 == 0:
        return {**fields, "temperature": 0}
    fields["temperature"] = source.choice([0.3, 0.7, 1, 1.3])
    if number % 3 == 2:
        fields |= source.choice([{"top_p": 0.9}, {"top_k": 40}, {"min_p": 0.05}, {"typical_p": 0.95},
                                 {"top_k": 100, "top_p": 0.8}])
    if number % 4 == 1:
        fields |= source.choice([{"repetition_penalty": 1.2}, {"presence_penalty": 0.6}, {"frequency_penalty": 0.4},
                                 {"repetition_penalty": 1.1, "repetition_window": 32}])
    return fields


def chat(source, number, model, length):
    messages = [{"role": "user", "content": words(source, length)}]
    if number % 5 == 0:
        messages.insert(0, {"role": "system", "content": "Answer in one sentence."})
    fields = {"max_completion_tokens": source.randint(4, 40), "logprobs": True, "top_logprobs": number % 4,
              "stop": [".", "\n\n"] if number % 6 == 0 else None, "n": 2 if number % 7 == 0 else 1}
    return answers.CHAT, {"model": model, "messages": messages, "return_token_ids": True, **fields, **sampling(source, number)}


def completion(source, number, model, length):
    fields = {"max_tokens": source.randint(4, 40), "logprobs": number % 5, "n": 3 if number % 8 == 0 else 1,
              "stop": source.choice([" the", "a"]) if number % 6 == 0 else None,
              "logit_bias": {"31": -5, "40": 2.5} if number % 9 == 0 else None}
    prompt = [words(source, length), words(source, 3)] if number % 10 == 3 else words(source, length)
    return answers.COMPLETION, {"model": model, "prompt": prompt, "return_token_ids": True, **fields,
                                **sampling(source, number)}


def thinking(source, number, model):
    """Sums for the model that thinks, with every kind of budget."""
    effort = source.choice([{}, {"thinking_token_budget": number % 30}, {"reasoning_effort": "none"}, {"think": False},
                            {"reasoning": {"max_tokens": 12}}, {"thinking": {"type": "enabled", "budget_tokens": 20}},
                            {"reasoning_effort": "minimal"}])
    sums = " and ".join(f"{source.randint(1, 999)}+{source.randint(1, 999)}" for _ in range(source.choice([1, 1, 1, 30])))
    return answers.CHAT, {"model": model, "messages": [{"role": "user", "content": f"What is {sums}?"}], "logprobs": True,
                          "top_logprobs": 2, "return_token_ids": True, "max_completion_tokens": 120,
                          "n": 2 if number % 5 == 0 else 1, **effort, **sampling(source, number)}


def embedding(source, number, model, length):
    return answers.EMBEDDING, {"model": model, "input": [words(source, length), words(source, 4)],
                               "encoding_format": "base64" if number % 2 else "float"}


def make(model, thinker):
    """[(path, body)]: three quarters for `model`, the rest for `thinker`."""
    source = random.Random(20)
    made = []
    for number in range(COUNT):
        # Lengths between the two extremes, evenly on a logarithmic scale, in a mixed order.
        length = round(SHORTEST * (LONGEST / SHORTEST) ** (number * 37 % COUNT / (COUNT - 1)))
        if number % 4 == 3:
            made.append(thinking(source, number, thinker))
        elif number % 16 == 6:
            made.append(embedding(source, number, model, min(length, 400)))
        elif number % 2:
            made.append(completion(source, number, model, length))
        else:
            made.append(chat(source, number, model, length))
    return [(path, {name: value for name, value in body.items() if value is not None}) for path, body in made]
